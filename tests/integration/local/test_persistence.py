"""A cloud that keeps its state comes back as it was, or says why it cannot."""

import json
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from botocore.exceptions import ClientError

from local.cloud import EmbeddedCloud
from local.errors import CloudError
from local.lock import HomeLock
from local.ports import listen
from local.running import end
from local.state.folder import StateFolder
from tests.integration.account import Account

MACHINE = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("kept") / "cloud"


@contextmanager
def kept(home, **options):
    with EmbeddedCloud(home, keep=True, **options) as cloud:
        yield Account(cloud)


def run_of(cloud, name):
    """An experiment of MLflow of this name; made if there is none."""
    address = f"{cloud.tracking_uri}/api/2.0/mlflow/experiments"
    try:
        with urllib.request.urlopen(f"{address}/get-by-name?experiment_name={name}", timeout=30) as response:
            return json.loads(response.read())["experiment"]["experiment_id"]
    except urllib.error.HTTPError:
        body = json.dumps({"name": name}).encode()
        request = urllib.request.Request(f"{address}/create", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())["experiment_id"]


@pytest.fixture(scope="module")
def before_and_after(home):
    """What was put into a cloud, and the same cloud after it was stopped and started again."""
    before = {}
    with kept(home) as aws:
        before |= _fill(aws)
        before |= {"endpoint": aws.cloud.endpoint, "tracking": aws.cloud.tracking_uri}
        before["authority"] = aws.cloud.ca_file.read_bytes()
        before["experiment"] = run_of(aws.cloud, "houses")
    with kept(home) as aws:
        yield before, aws


def history_of(aws):
    answer = aws.client("cloudwatch").describe_alarm_history(AlarmName="high", HistoryItemType="StateUpdate")
    return answer["AlarmHistoryItems"]


def _fill(aws):
    s3, sqs, sns, logs = (aws.client(name) for name in ("s3", "sqs", "sns", "logs"))
    bucket = aws.bucket()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    small = s3.put_object(Bucket=bucket, Key="a b/ü", Body=b"small")["VersionId"]
    s3.put_object(Bucket=bucket, Key="a b/ü", Body=b"x" * 100_000, Metadata={"by": "us"})
    s3.put_object(Bucket=bucket, Key="gone", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="gone")
    role = aws.role({"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"})
    queue = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="still here")
    topic = sns.create_topic(Name="news")["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    may_send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**may_send, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    logs.create_log_group(logGroupName="/ours")
    logs.create_log_stream(logGroupName="/ours", logStreamName="s")
    logs.put_log_events(
        logGroupName="/ours", logStreamName="s", logEvents=[{"timestamp": int(time.time() * 1000), "message": "line"}]
    )
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="high",
        Namespace="Ours",
        MetricName="Errors",
        Statistic="Sum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    cloudwatch.put_metric_data(Namespace="Ours", MetricData=[{"MetricName": "Errors", "Value": 3}])
    machine = aws.client("stepfunctions").create_state_machine(
        name="waits", definition=json.dumps(MACHINE), roleArn=role
    )["stateMachineArn"]
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine], "status": ["ABORTED"]}}
    events = aws.client("events")
    events.put_rule(Name="aborted", EventPattern=json.dumps(pattern))
    aborted = sqs.create_queue(QueueName="aborted")["QueueUrl"]
    events.put_targets(Rule="aborted", Targets=[{"Id": "1", "Arn": arn.replace(":waiting", ":aborted")}])
    job = {
        "ProcessingJobName": "asleep",
        "RoleArn": role,
        "AppSpecification": {"ImageUri": "an/image:1", "ContainerEntrypoint": ["sleep", "600"]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "Tags": [{"Key": "of", "Value": "us"}],
    }
    return {
        "bucket": bucket,
        "small": small,
        "function": aws.function("def handle(event, context):\n    return event", role=role),
        "session": aws.session_of(role),
        "queue": queue,
        "topic": topic,
        "machine": machine,
        "execution": aws.client("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"],
        "aborted": aborted,
        "history": history_of(aws),
        "job": aws.client("sagemaker").create_processing_job(**job)["ProcessingJobArn"],
    }


def test_addresses_and_certificate_are_those_of_before(before_and_after):
    before, aws = before_and_after

    assert aws.cloud.kept.at_stop
    assert (aws.cloud.endpoint, aws.cloud.tracking_uri) == (before["endpoint"], before["tracking"])
    assert aws.cloud.ca_file.read_bytes() == before["authority"]
    assert run_of(aws.cloud, "houses") == before["experiment"]


def test_objects_come_back_with_their_versions(before_and_after):
    before, aws = before_and_after
    s3, bucket = aws.client("s3"), before["bucket"]

    newest = s3.get_object(Bucket=bucket, Key="a b/ü")
    assert (newest["Body"].read(), newest["Metadata"]) == (b"x" * 100_000, {"by": "us"})
    assert s3.get_object(Bucket=bucket, Key="a b/ü", VersionId=before["small"])["Body"].read() == b"small"
    assert s3.list_object_versions(Bucket=bucket)["DeleteMarkers"][0]["Key"] == "gone"
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="gone")
    assert s3.put_object(Bucket=bucket, Key="new", Body=b"1")["VersionId"]


def test_functions_roles_and_sessions_work_as_before(before_and_after):
    before, aws = before_and_after

    assert aws.invoke(before["function"], {"a": 1}) == ({"a": 1}, None)
    as_role = aws.as_caller(**before["session"])
    assert as_role("s3").get_object(Bucket=before["bucket"], Key="a b/ü")["ContentLength"] == 100_000
    with pytest.raises(ClientError, match="AccessDenied"):
        as_role("s3").put_object(Bucket=before["bucket"], Key="x", Body=b"")


def test_queues_topics_and_logs_come_back(before_and_after):
    before, aws = before_and_after

    aws.client("sns").publish(TopicArn=before["topic"], Message="published after")
    bodies = []
    while len(bodies) < 2:
        answer = aws.client("sqs").receive_message(QueueUrl=before["queue"], WaitTimeSeconds=10)
        bodies += [message["Body"] for message in answer["Messages"]]
    assert "still here" in bodies
    assert any("published after" in body for body in bodies)
    assert aws.messages("/ours") == ["line"]


def test_an_alarm_comes_back_in_its_state_with_its_metric(before_and_after):
    before, aws = before_and_after

    [alarm] = aws.client("cloudwatch").describe_alarms(AlarmNames=["high"])["MetricAlarms"]
    assert alarm["StateValue"] == "ALARM"
    assert history_of(aws) == before["history"]
    now = datetime.now(UTC)
    [point] = aws.client("cloudwatch").get_metric_statistics(
        Namespace="Ours",
        MetricName="Errors",
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    assert point["Sum"] == 3


def test_what_ran_has_been_aborted_and_who_waits_for_it_is_told(before_and_after):
    before, aws = before_and_after

    execution = aws.client("stepfunctions").describe_execution(executionArn=before["execution"])
    assert (execution["status"], execution["error"]) == ("ABORTED", "EmbeddedCloud.Stopped")
    [message] = aws.client("sqs").receive_message(QueueUrl=before["aborted"], WaitTimeSeconds=10)["Messages"]
    assert json.loads(message["Body"])["detail"]["executionArn"] == before["execution"]
    job = aws.client("sagemaker").describe_processing_job(ProcessingJobName="asleep")
    assert job["ProcessingJobStatus"] == "Stopped"
    assert aws.client("sagemaker").list_tags(ResourceArn=before["job"])["Tags"] == [{"Key": "of", "Value": "us"}]


@pytest.mark.usefixtures("before_and_after")
def test_a_second_cloud_in_the_same_home_is_refused(home):
    with pytest.raises(CloudError, match="already runs in .* make down"):
        EmbeddedCloud(home, keep=True).start()


@pytest.fixture
def quick(monkeypatch):
    """Without MLflow, which takes most of a start and is not what these tests are about."""
    monkeypatch.setattr("local.mlflow_server.command", something_that_answers)


_ANSWERS = """
import http.server, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.HTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.serve_forever()
"""


def something_that_answers(_home, descriptor):
    return [sys.executable, "-S", "-c", _ANSWERS, str(descriptor)]


_OWNER = """
import signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import local.mlflow_server
from account import Account
from local.cloud import EmbeddedCloud
local.mlflow_server.command = lambda _home, socket: [sys.executable, "-S", "-c", sys.argv[3], str(socket)]
with EmbeddedCloud(Path(sys.argv[2]), keep=True) as cloud:
    bucket = Account(cloud).bucket()
    # From here on, no signal can come between two moments in which one is waited for.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    print(bucket, flush=True)
    signal.sigwait({signal.SIGTERM})
"""


@pytest.fixture
def owner(tmp_path, checkout):
    """A process that runs a cloud with a bucket, whose name it prints."""
    process = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(checkout / "tests" / "integration"), str(tmp_path), _ANSWERS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=checkout,
    )
    yield process
    process.kill()
    process.wait()


def server_of(cloud):
    """The server, which is the child of its leash."""
    [server] = psutil.Process(cloud._server.pid).children()
    return server


@pytest.mark.usefixtures("quick")
class TestFaults:
    def test_a_crashed_server_comes_back_as_of_its_last_save(self, tmp_path, eventually):
        with kept(tmp_path, save_seconds=0.2) as aws:
            bucket = aws.bucket()
            eventually(lambda: (saved := aws.cloud.last_save()) and not saved.at_stop and _has(aws.cloud, bucket))
            server_of(aws.cloud).kill()
            aws.cloud._server.wait()
            with pytest.raises(CloudError, match="make up brings it back as it was at"):
                aws.cloud.raise_if_dead()

        with kept(tmp_path) as aws:
            assert not aws.cloud.kept.at_stop
            assert aws.client("s3").head_bucket(Bucket=bucket)

    def test_the_server_saves_when_its_owner_is_killed_and_the_next_start_waits_for_it(self, owner, tmp_path):
        bucket = owner.stdout.readline().strip()
        owner.kill()
        owner.wait()

        with kept(tmp_path) as aws:
            assert aws.cloud.kept.at_stop
            assert aws.client("s3").head_bucket(Bucket=bucket)

    def test_where_nothing_runs_there_is_nothing_to_end(self, tmp_path):
        assert end(tmp_path / "nothing") is False
        assert not (tmp_path / "nothing").exists()

    def test_down_ends_a_cloud_of_another_process_even_if_that_is_suspended(self, owner, tmp_path):
        assert owner.stdout.readline()
        owner.send_signal(signal.SIGSTOP)

        assert end(tmp_path) is True

        owner.wait(timeout=30)
        assert StateFolder(tmp_path / "state").manifest().at_stop
        assert end(tmp_path) is False

    def test_a_full_disk_at_the_end_leaves_the_state_before_and_is_told(self, tmp_path):
        with kept(tmp_path) as aws:
            aws.bucket()
        first = aws.cloud.last_save()
        with kept(tmp_path) as aws:
            aws.client("s3").put_object(Bucket=aws.bucket(), Key="large", Body=b"x" * 1_000_000)
            # As if there were no room for it: no file of the server may be larger.
            resource.prlimit(server_of(aws.cloud).pid, resource.RLIMIT_FSIZE, (500_000, 500_000))
        assert "File too large" in aws.cloud.not_saved
        assert aws.cloud.last_save() == first
        with kept(tmp_path) as aws:
            assert len(aws.client("s3").list_buckets()["Buckets"]) == 1

    def test_what_does_not_fit_the_kept_addresses_is_refused_with_the_remedy(self, tmp_path):
        with kept(tmp_path) as aws:
            port = int(aws.cloud.endpoint.rpartition(":")[2])
            bucket = aws.bucket()
        for wrong in ({"port": port + 1}, {"region": "eu-central-1"}):
            with pytest.raises(CloudError, match="kept cloud's addresses hold its .* make up FRESH=1"):
                EmbeddedCloud(tmp_path, keep=True, **wrong).start()
        with listen(port), pytest.raises(CloudError, match=rf"Port {port} is in use .* make up FRESH=1"):
            EmbeddedCloud(tmp_path, keep=True).start()
        with kept(tmp_path, fresh=True) as aws:
            assert aws.client("s3").list_buckets()["Buckets"] == []
        assert bucket

    def test_a_state_that_cannot_be_read_is_named_and_stays(self, tmp_path):
        with kept(tmp_path) as aws:
            aws.client("s3").put_object(Bucket=aws.bucket(), Key="k", Body=b"x" * 10_000)
        [blob] = [file for file in (tmp_path / "state" / "blobs").iterdir() if file.stat().st_size == 10_000]
        blob.write_bytes(b"y" * 10_000)

        with pytest.raises(CloudError, match=rf"cannot be used: .*{blob.name} is damaged. .* make up FRESH=1"):
            EmbeddedCloud(tmp_path, keep=True).start()

        assert HomeLock(tmp_path).take()
        assert blob.exists()


def _has(cloud, bucket):
    """Whether the bucket is part of what was saved last."""
    try:
        return bucket.encode() in (cloud.home / "state" / "snapshots" / cloud.last_save().snapshot).read_bytes()
    except FileNotFoundError:  # the next save has taken its place
        return False
