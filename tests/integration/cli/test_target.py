"""In which region a command finds its stack."""

import json

import boto3
import pytest

from cli.aws.target import Target
from evergreen import names
from evergreen.errors import CommandFailed
from infra.environments import ENVIRONMENTS

TEMPLATE = {"Resources": {"Data": {"Type": "AWS::S3::Bucket"}}, "Outputs": {"DataBucket": {"Value": {"Ref": "Data"}}}}
PROD = next(environment for environment in ENVIRONMENTS if environment.name == "prod")
ELSEWHERE = "us-west-2"
STACK = names.stack_name("prod")


@pytest.fixture
def user(aws, monkeypatch):
    """Deploys into an account whose user works in another region than the stack's; what it deployed is deleted."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", ELSEWHERE)
    deployed = []

    def deploy(region):
        client = boto3.client("cloudformation", region_name=region)
        client.create_stack(StackName=STACK, TemplateBody=json.dumps(TEMPLATE))
        deployed.append(client)
        client.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})

    yield deploy
    for client in deployed:
        client.delete_stack(StackName=STACK)
        client.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


@pytest.mark.parametrize("region", [PROD.region, ELSEWHERE])
def test_a_stack_is_found_in_its_environments_region_or_else_in_the_users(user, region):
    user(region)
    target = Target.choose("prod", local=False)

    assert target.outputs["DataBucket"]
    assert target.client("lambda").meta.region_name == region


@pytest.mark.parametrize(
    ("environment", "regions"), [("prod", f"{PROD.region} or {ELSEWHERE}"), ("not-in-the-code", ELSEWHERE)]
)
@pytest.mark.usefixtures("user")
def test_a_stack_that_is_not_there_is_missed_with_where_it_was_looked_for(environment, regions):
    with pytest.raises(CommandFailed, match=f"no stack evergreen-{environment} in {regions}. Deploy it with"):
        Target.choose(environment, local=False).outputs  # noqa: B018
