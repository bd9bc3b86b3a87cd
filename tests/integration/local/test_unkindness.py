"""The unkind switch of the embedded cloud: what it refuses and how, and what it delivers twice."""

import asyncio
import json

import pytest

from local.cloud import EmbeddedCloud
from local.environments import UNKIND
from local.services.unkindness import EVERY, TWICE_EVERY, unkind
from tests.integration.account import Account

PRINT_EVENT = "import json\ndef handle(event, context):\n    print(json.dumps(event))"

SIGNED = b"AWS4-HMAC-SHA256 Credential=AKIA/20261129/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=0"


def ask(server, method="GET", **headers):
    """The status and the body of an answer; the kind server answers 200."""
    sent, parts = [], [{"body": b"a", "more_body": True}, {"body": b"b"}]

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    asyncio.run(server({"method": method, "headers": named}, receive, send))
    # What it refuses it has read to the end, or the connection could not be used again.
    assert not parts or sent[0]["status"] == 200
    return sent[0]["status"], sent[1]["body"]


@pytest.fixture
def server():
    async def kind(_scope, _receive, send):
        await send({"status": 200})
        await send({"body": b""})

    return unkind(kind)


def refused(server, **request):
    """The answer that differs; never two in a row, since it is there for callers that try again."""
    found = [ask(server, **request) for _ in range(2 * EVERY)]
    assert [number for number, (status, _) in enumerate(found, 1) if status != 200] == [EVERY, 2 * EVERY]
    return found[EVERY - 1]


def test_s3_is_too_busy_for_each_twentieth_request(server):
    status, body = refused(server, authorization=SIGNED % b"s3")
    assert (status, b"<Code>SlowDown</Code>" in body) == (503, True)
    assert refused(server, authorization=SIGNED % b"s3", method="HEAD") == (503, b"")


def test_a_service_of_the_json_protocol_throttles_each_twentieth_request(server):
    status, body = refused(server, authorization=SIGNED % b"states", x_amz_target=b"AWSStepFunctions.StartExecution")
    assert (status, b"ThrottlingException" in body) == (400, True)


@pytest.mark.parametrize("headers", [{}, {"authorization": SIGNED % b"execute-api"}])
def test_callers_of_the_endpoint_are_never_refused(server, headers):
    assert {ask(server, **headers)[0] for _ in range(2 * EVERY)} == {200}


@pytest.fixture(scope="module")
def unkind_aws(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(UNKIND, "1")
        cloud = EmbeddedCloud(tmp_path_factory.mktemp("unkind") / "cloud")
        cloud.start()
    yield Account(cloud)
    cloud.stop()


def test_each_third_record_of_firehose_is_delivered_twice_and_the_newest_first(unkind_aws, eventually):
    bucket, name, s3 = unkind_aws.bucket(), unkind_aws.name("captures"), unkind_aws.client("s3")
    destination = {"RoleARN": unkind_aws.role(), "BucketARN": f"arn:aws:s3:::{bucket}"}
    firehose = unkind_aws.client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)
    assert TWICE_EVERY == 3
    for number in range(3):
        firehose.put_record(DeliveryStreamName=name, Record={"Data": str(number).encode()})
    [item] = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents", []))
    assert s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() == b"2210"


def test_an_event_reaches_the_target_of_a_rule_twice(unkind_aws, eventually):
    sqs, events = unkind_aws.client("sqs"), unkind_aws.client("events")
    # A message that has been received is not received again within the test.
    hidden = {"VisibilityTimeout": "600"}
    queue = sqs.create_queue(QueueName=unkind_aws.name("inbox"), Attributes=hidden)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["evergreen.test"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "evergreen.test", "DetailType": "try", "Detail": "{}"}])
    received = []
    eventually(lambda: received.extend(sqs.receive_message(QueueUrl=queue).get("Messages", [])) or len(received) == 2)
    assert len({json.loads(message["Body"])["id"] for message in received}) == 1


def test_an_alarm_invokes_its_function_twice(unkind_aws, eventually):
    function, cloudwatch = unkind_aws.function(PRINT_EVENT), unkind_aws.client("cloudwatch")
    arn = unkind_aws.client("lambda").get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    cloudwatch.put_metric_alarm(
        AlarmName="drift",
        Namespace="Evergreen",
        MetricName="DriftShare",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=0.3,
        TreatMissingData="ignore",
        AlarmActions=[arn],
    )
    cloudwatch.put_metric_data(Namespace="Evergreen", MetricData=[{"MetricName": "DriftShare", "Value": 0.5}])
    group = f"/aws/lambda/{function}"
    logs = unkind_aws.client("logs")
    eventually(lambda: logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])
    printed = lambda: [json.loads(line) for line in unkind_aws.messages(group) if '"alarmData"' in line]  # noqa: E731
    first, second = eventually(lambda: printed()[1:] and printed())
    assert first == second
