"""evergreen destroy, and second deployments: with the data of the first, and without. It has a cloud of its own."""

import json
import os
import re
import shlex
import subprocess
from contextlib import contextmanager

import boto3
import pytest
from botocore.client import BaseClient
from mlflow import MlflowClient

from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT, Target
from cli.console import Steps
from cli.demo.telemetry import Captures
from cli.embedded import SETTINGS, deployed_cloud
from cli.main import app
from cli.teardown import kept
from evergreen import names
from local.environments import UNKIND
from tests.end_to_end.clouds import TOOLS, Deployed, environment
from tests.end_to_end.workflow import ROW, Workflow

STACK = names.stack_name("dev")
# Of each service: the operation that lists what is there, and the members of its answer with the name.
LISTS = {
    "apigatewayv2": ("get_apis", "Items", "Name"),
    "cloudwatch": ("describe_alarms", "MetricAlarms", "AlarmName"),
    "events": ("list_rules", "Rules", "Name"),
    "firehose": ("list_delivery_streams", "DeliveryStreamNames", None),
    "iam": ("list_roles", "Roles", "RoleName"),
    "lambda": ("list_functions", "Functions", "FunctionName"),
    "logs": ("describe_log_groups", "logGroups", "logGroupName"),
    "s3": ("list_buckets", "Buckets", "Name"),
    "scheduler": ("list_schedules", "Schedules", "Name"),
    "sns": ("list_topics", "Topics", "TopicArn"),
    "sqs": ("list_queues", "QueueUrls", None),
    "stepfunctions": ("list_state_machines", "stateMachines", "name"),
}
# Where an operation has another name than the permission that it needs, and a service another one than its client.
PERMISSIONS = {
    "s3:DeleteObjects": "s3:DeleteObjectVersion",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListObjectsV2": "s3:ListBucket",
}
SERVICES = {"stepfunctions": "states", "resourcegroupstaggingapi": "tag"}
# A job ends with its execution; an unfinished upload, a policy of a user and a deletion that fails are rare; and the
# region of a bucket is in the list of buckets.
RARE = {
    *("sagemaker:StopTrainingJob", "sagemaker:StopProcessingJob", "s3:AbortMultipartUpload", "s3:GetBucketLocation"),
    *("iam:DetachUserPolicy", "iam:DetachGroupPolicy", "cloudformation:DescribeStackEvents"),
}


@pytest.fixture(scope="module")
def own_cloud(tmp_path_factory):
    home = tmp_path_factory.mktemp("destroy") / "cloud"
    with environment({UNKIND: "1"}), deployed_cloud(home, Steps(), port=None) as (embedded, target):
        yield Deployed(embedded, target)


@pytest.fixture(scope="module", autouse=True)
def _as_a_client_of_the_cloud(own_cloud):
    """Not of the cloud that a caller may use."""
    with environment(own_cloud.embedded.environment()):
        yield


@pytest.fixture
def called(monkeypatch):
    """The permissions of all calls of clients while a command is destroying; it is told when one is."""
    seen, call = set(), BaseClient._make_api_call

    def record(client, operation, arguments):
        name = client.meta.service_model.service_name
        permission = f"{SERVICES.get(name, name)}:{operation}"
        seen.add(PERMISSIONS.get(permission, permission))
        if operation == "DeleteObject" and "VersionId" in arguments:
            seen.add("s3:DeleteObjectVersion")
        return call(client, operation, arguments)

    @contextmanager
    def recording():
        with monkeypatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", record)
            yield seen

    return recording


def listed():
    """The permissions of the command in docs/grants.md."""
    page = (CHECKOUT / "docs" / "grants.md").read_text().partition("## Administrators")[2].partition("\n## ")[0]
    return set(re.findall(r"`([a-z0-9]+:[A-Za-z]+)`", page))


def destroy(capsys, called, *options):
    """The findings of a run that ends well, by what was looked at."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended, called():
        app(["destroy", "--json", *options], prog_name="evergreen")
    answer = json.loads(capsys.readouterr().out)
    assert (ended.value.code or 0, answer["ok"]) == (0, True), answer
    return {finding["check"]: finding for finding in answer["findings"]}


def there():
    """The names of all that services list of the stack."""
    found = set()
    for service, (operation, list_, name) in LISTS.items():
        items = getattr(boto3.client(service), operation)().get(list_, [])
        found |= {item[name] if name else item for item in items}
    return {name for name in found if STACK in name}


def cdk(command, cloud):
    """Run a command of the CDK as it was printed, on what was synthesised for the first deployment."""
    assembly = ["--app", str(cloud.embedded.home / "cdk.out"), "--no-notices"]
    settings = {**os.environ, **SETTINGS, "CDK_HOME": str(cloud.embedded.home / "cdk"), "PATH": TOOLS}
    approved = ["--require-approval", "never"] if command.startswith("cdk deploy") else []
    answer = subprocess.run(
        [*shlex.split(command), *assembly, *approved],
        cwd=CHECKOUT,
        env=settings,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_what_is_destroyed_is_gone_what_is_kept_is_taken_up_again_and_a_new_stack_takes_its_place(
    own_cloud, called, capsys, monkeypatch, tmp_path
):
    monkeypatch.setattr(kept, "MAPPINGS", tmp_path)
    target = own_cloud.target
    assert own_cloud.train()["promote"]
    champion = Registry(target).champions().present.version
    answer = Endpoint(target).predict({"features": ROW})
    Captures(target).await_records(names.PREDICTIONS_PREFIX, [answer["prediction_id"]])
    workflow, policy = Workflow(own_cloud), target.outputs[names.OUTPUT_USER_POLICY]
    iam = target.client("iam")
    iam.create_role(RoleName="person", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    iam.attach_role_policy(RoleName="person", PolicyArn=policy)
    execution = workflow.start(workflow.input())
    workflow.wait_until(lambda: workflow.holder() == execution)

    findings = destroy(capsys, called, "--yes")

    buckets = {target.outputs[name] for name in (names.OUTPUT_DATA_BUCKET, names.OUTPUT_MODEL_BUCKET)}
    buckets.add(target.outputs[names.OUTPUT_CAPTURE_BUCKET])
    assert there() == buckets
    assert {bucket.name for bucket in kept.kept_buckets(target.session, "dev")} == buckets
    mapping = json.loads((tmp_path / f"{STACK}.json").read_text())
    assert {identifier["BucketName"] for identifier in mapping.values()} == buckets

    # A second run finds nothing to do, and asks nobody.
    again = destroy(capsys, called)
    assert again["kept buckets"] == findings["kept buckets"]

    # A new MLflow App is empty.
    MlflowClient(own_cloud.embedded.tracking_uri).delete_registered_model(target.outputs[names.OUTPUT_MODEL_NAME])
    commands = findings["kept buckets"]["remedy"].partition("; ")[0].removeprefix("take them up again: ").split(" && ")
    assert [command.split()[1] for command in commands] == ["import", "deploy"]
    for command in commands:
        cdk(command, own_cloud)

    target = Target("dev", embedded=True)
    assert kept.kept_buckets(target.session, "dev") == []
    assert target.outputs[names.OUTPUT_MODEL_BUCKET] in buckets
    served = Endpoint(target).predict({"features": ROW})
    assert (served["model_version"], served["prediction"]) == (champion, answer["prediction"])
    assert [version.version for version in Registry(target).versions()] == [champion]
    Captures(target).await_records(names.PREDICTIONS_PREFIX, [answer["prediction_id"], served["prediction_id"]])
    leases = target.client("s3").list_objects_v2(
        Bucket=target.outputs[names.OUTPUT_MODEL_BUCKET], Prefix=names.LEASES_PREFIX
    )
    assert leases["KeyCount"] == 0
    assert Registry(target).promote(Registry(target).find(champion)) is False

    findings = destroy(capsys, called, "--yes", "--delete-data")

    assert there() == set()
    assert findings["buckets"]["found"] == "none is left"
    with called() as permissions:
        assert permissions - RARE == listed() - RARE

    cdk(f"cdk deploy {STACK}", own_cloud)
    with pytest.raises(RequestRefused) as caught:
        Endpoint(Target("dev", embedded=True)).predict({"features": ROW})
    assert caught.value.status == 503
