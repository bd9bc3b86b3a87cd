"""evergreen destroy on a small stack, and what is in its way: a policy that people have, another region, nobody."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from cli.aws.target import Target
from cli.console import Steps
from cli.failures import in_words
from cli.main import app
from cli.teardown import kept
from cli.teardown.destruction import conclusion, prove
from cli.teardown.plan import make_plan
from evergreen import names
from evergreen.errors import CommandFailed

BUCKET = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain"}
QUEUE = {"Type": "AWS::SQS::Queue"}
POLICY = {
    "Type": "AWS::IAM::ManagedPolicy",
    "Properties": {
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
        }
    },
}
TRUST = '{"Version": "2012-10-17", "Statement": []}'


def template(environment):
    tags = [{"Key": names.TAG_ENVIRONMENT, "Value": environment}]
    resources = {
        "DataBucket": {**BUCKET, "Properties": {"Tags": tags}},
        "Queue": {**QUEUE, "Properties": {"Tags": tags}},
        "Policy": POLICY,
    }
    return json.dumps({"Resources": resources})


@pytest.fixture
def user(aws, monkeypatch, tmp_path):
    """The environment variables of this process point to the embedded cloud."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(kept, "MAPPINGS", tmp_path)
    return aws


@pytest.fixture
def environment(user):
    """The name of an environment whose stack is deployed."""
    name = user.name("gone")
    client = user.client("cloudformation")
    client.create_stack(
        StackName=names.stack_name(name), TemplateBody=template(name), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    client.get_waiter("stack_create_complete").wait(StackName=names.stack_name(name), WaiterConfig={"Delay": 1})
    return name


def destroy(capsys, environment, *options):
    """The exit code, and the findings by what was looked at."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        app(["destroy", "-e", environment, "--json", *options], prog_name="evergreen")
    findings = json.loads(capsys.readouterr().out)["findings"]
    return ended.value.code or 0, {finding["check"]: finding for finding in findings}


def bucket_of(user, environment):
    answer = user.client("cloudformation").list_stack_resources(StackName=names.stack_name(environment))
    ids = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in answer["StackResourceSummaries"]}
    return ids["DataBucket"]


def test_the_bucket_is_kept_named_and_mapped_and_goes_with_its_data_when_asked(user, environment, capsys, tmp_path):
    bucket = bucket_of(user, environment)
    user.client("s3").put_object(Bucket=bucket, Key="a", Body=b"1234")

    code, findings = destroy(capsys, environment, "--yes")

    assert code == 0
    assert "1 object versions, 4 bytes" in findings["bucket DataBucket"]["found"]
    mapping = json.loads((tmp_path / f"{names.stack_name(environment)}.json").read_text())
    assert mapping == {"DataBucket": {"BucketName": bucket}}

    code, findings = destroy(capsys, environment, "--yes", "--delete-data")

    assert (code, findings["buckets"]["found"]) == (0, "none is left")
    assert bucket not in {found["Name"] for found in user.client("s3").list_buckets()["Buckets"]}


def test_without_a_terminal_nobody_is_asked_and_nothing_goes(environment, monkeypatch):
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123 - what a pipeline has
    with pytest.raises(CommandFailed, match="add --yes"):
        app(["destroy", "-e", environment], prog_name="evergreen")
    assert Target(environment).find()
    destroy_quietly(environment)


def destroy_quietly(environment):
    with pytest.raises(SystemExit):
        app(["destroy", "-e", environment, "--yes", "--delete-data", "--json"], prog_name="evergreen")


def test_a_policy_that_somebody_has_is_taken_from_them_first(user, environment, capsys):
    iam = user.client("iam")
    arn = next(
        resource.physical_id for resource in make_plan(Target(environment)).resources if resource.logical_id == "Policy"
    )
    role = user.name("person")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName=role, PolicyArn=arn)

    plan = make_plan(Target(environment))
    with pytest.raises(CommandFailed) as caught:
        plan.stack.delete(lambda _: None)
    assert "AWS::IAM::ManagedPolicy Policy" in str(caught.value)
    assert "Cannot delete a policy attached to entities" in str(caught.value)
    assert "Detach the policy" in str(caught.value)
    assert Target(environment).find()[1]["StackStatus"] == "DELETE_FAILED"

    assert destroy(capsys, environment, "--yes", "--delete-data")[0] == 0
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


def test_a_stack_that_was_rolled_back_goes_too(user, capsys, eventually):
    environment = user.name("rolled")
    stack, client = names.stack_name(environment), user.client("cloudformation")
    broken = json.loads(template(environment))
    document = {"Version": "2012-10-17", "Statement": []}
    for name in ("First", "Second"):
        # A bucket takes one policy.
        properties = {"Bucket": {"Ref": "DataBucket"}, "PolicyDocument": document}
        broken["Resources"][name] = {"Type": "AWS::S3::BucketPolicy", "Properties": properties}
    client.create_stack(StackName=stack, TemplateBody=json.dumps(broken), Capabilities=["CAPABILITY_NAMED_IAM"])
    eventually(lambda: client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE")

    assert destroy(capsys, environment, "--yes", "--delete-data")[0] == 0
    assert Target(environment).find() is None


def test_a_stack_in_a_region_that_nobody_named_is_told_and_its_bucket_is_not_touched(user, environment, monkeypatch):
    bucket, elsewhere = bucket_of(user, environment), "eu-west-1"
    region = user.region
    monkeypatch.setenv("AWS_REGION", elsewhere)
    monkeypatch.setenv("AWS_DEFAULT_REGION", elsewhere)

    with pytest.raises(CommandFailed, match=f"a stack evergreen-{environment} in {region}: run AWS_REGION={region}"):
        app(["destroy", "-e", environment, "--yes", "--delete-data"], prog_name="evergreen")

    assert bucket in {found["Name"] for found in user.client("s3").list_buckets()["Buckets"]}
    monkeypatch.setenv("AWS_REGION", region)
    destroy_quietly(environment)


def test_what_is_left_is_named_with_its_remedy(user, environment, capsys):
    stack = names.stack_name(environment)
    logs = user.client("logs")
    logs.create_log_group(logGroupName=f"/aws/lambda/{stack}-late")
    # Another environment's, whose name begins with the same letters.
    logs.create_log_group(logGroupName=f"/aws/lambda/{stack}er-late")

    code, findings = destroy(capsys, environment, "--yes", "--delete-data")

    assert code == 1
    assert findings["log groups"]["found"] == f"1 left: /aws/lambda/{stack}-late"
    assert findings["log groups"]["remedy"] == f"aws logs delete-log-group --log-group-name /aws/lambda/{stack}-late"
    logs.delete_log_group(logGroupName=f"/aws/lambda/{stack}-late")
    assert destroy(capsys, environment)[0] == 0


def test_log_streams_of_other_jobs_stay(user, environment, capsys):
    logs, group = user.client("logs"), "/aws/sagemaker/TrainingJobs"
    own = f"{names.stack_name(environment)}-20261130-000900-4f45-train-00/algo-1-1"
    others = {f"{names.stack_name(environment)}-mine/algo-1-1", "somebody-20261130-000900-4f45-train-00/algo-1-1"}
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    for stream in (own, *others):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)

    destroy(capsys, environment, "--yes", "--delete-data")

    left = {stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]}
    assert left & {own, *others} == others


def test_who_may_not_look_is_told_which_permission_is_missing_and_nothing_is_claimed(user, environment, monkeypatch):
    destroy_quietly(environment)
    statement = {"Effect": "Allow", "Action": ["cloudformation:*", "s3:*", "logs:*", "states:*"], "Resource": "*"}
    sagemaker = {"Effect": "Allow", "Action": ["sagemaker:*", "tag:*"], "Resource": "*"}
    given = user.session_of(user.role(statement, sagemaker))
    target = Target(environment)
    plan = make_plan(target)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
    object.__setattr__(plan, "session", boto3.Session(region_name=user.region))

    findings = prove(plan, Steps(), kept.mapping_file(environment))

    skipped = {finding.check: finding.remedy for finding in findings if finding.status == "skipped"}
    assert "grant ListRoles" in skipped["roles"]
    assert conclusion(findings) == f"Nothing is left of what could be looked at; {len(skipped)} could not."


def test_expired_credentials_are_told_with_what_to_do():
    error = ClientError({"Error": {"Code": "ExpiredToken", "Message": "The provided token has expired."}}, "Any")
    assert "have expired: sign in again" in in_words(error)
