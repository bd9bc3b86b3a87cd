"""The doctor finds nothing that stands in the way in the embedded cloud, and tells what a caller lacks there."""

import json

import pytest

from cli.doctor.examination import examine
from cli.doctor.plan import Clients, Plan
from cli.main import app
from evergreen import names
from infra.environments import ENVIRONMENTS

DEV = ENVIRONMENTS[0]


@pytest.fixture
def doctor(cloud, monkeypatch, capsys, checkout):
    """Runs the command; returns its exit code and its findings by their check."""
    monkeypatch.setattr("cli.aws.target.CLOUD_HOME", cloud.embedded.home)
    monkeypatch.chdir(checkout)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            app(["doctor", "--json", *arguments], prog_name="evergreen")
        document = json.loads(capsys.readouterr().out)
        return ended.value.code, {finding["check"]: finding for finding in document["findings"]}

    return run


def test_nothing_stands_in_the_way_in_the_embedded_cloud(doctor):
    code, findings = doctor("--local")

    assert not code, findings
    statuses = {check: finding["status"] for check, finding in findings.items()}
    # Its keys are the root user's, and its concurrency is that of a new account.
    assert {check for check, status in statuses.items() if status == "skipped"} == {
        "permissions to deploy",
        "permissions to use",
    }
    assert statuses["Lambda quotas"] == "warning"
    for check in ("account", "region enabled", "CDK bootstrap", "stack", "SageMaker quotas", "state machine", "data"):
        assert statuses[check] == "ok", findings[check]


def test_an_environment_that_is_not_deployed_may_be(doctor):
    _, findings = doctor("--local", "-e", "prod")

    assert "evergreen-prod is not in" in findings["stack"]["found"]
    assert findings["kept buckets"]["status"] == "ok"
    assert findings["permissions to use"]["status"] == "skipped"


@pytest.fixture
def as_role(cloud, monkeypatch):
    """Lets this process call as a new role, whose one policy has these statements."""
    iam, sts = cloud.target.client("iam"), cloud.target.client("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}

    def become(name, *statements, policies=()):
        role = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )["Role"]["Arn"]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        for policy in policies:
            iam.attach_role_policy(RoleName=name, PolicyArn=policy)
        given = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
        for variable, value in (
            ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
            ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
            ("AWS_SESSION_TOKEN", "SessionToken"),
        ):
            monkeypatch.setenv(variable, given[value])

    return become


def findings_of_this_caller(checkout):
    plan = Plan(environment=DEV, region=DEV.region, settings_file=checkout / "model.toml", embedded=False)
    found = {}
    for finding in examine(plan, Clients(DEV.region)):
        found.setdefault(finding.check, []).append(finding)
    return found


LOOK = {"Effect": "Allow", "Action": ["iam:*", "cloudformation:DescribeStacks"], "Resource": "*"}
TAKE_ON = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/cdk-*"}


def test_a_caller_who_may_only_look_is_told_what_a_deployment_and_a_training_need(as_role, checkout):
    as_role("looks-only", LOOK)
    found = findings_of_this_caller(checkout)

    deploying = found["permissions to deploy"]
    assert [finding.status for finding in deploying] == ["failed", "failed", "warning"]
    assert all("no policy allows it" in finding.found for finding in deploying)
    assert any("states:StartExecution" in finding.found for finding in found["permissions to use"])
    # What it may not look at is skipped, with the permission.
    (quotas,) = found["SageMaker quotas"]
    assert (quotas.status, quotas.remedy) == (
        "skipped",
        "allow servicequotas:ListServiceQuotas to have this looked at",
    )


def test_a_caller_with_the_roles_and_the_stacks_policy_lacks_nothing(cloud, as_role, checkout):
    as_role("deploys-and-uses", LOOK, TAKE_ON, policies=[cloud.target.outputs[names.OUTPUT_USER_POLICY]])
    found = findings_of_this_caller(checkout)

    assert [finding.status for finding in found["permissions to deploy"]] == ["ok"]
    assert [finding.status for finding in found["permissions to use"]] == ["ok"]
