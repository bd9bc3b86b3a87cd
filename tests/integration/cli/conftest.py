"""A stack in the embedded cloud, as the commands meet it."""

import json
from pathlib import Path

import pytest

from cli.aws.target import Target
from cli.doctor.plan import Caller, Plan
from infra.environments import ENVIRONMENTS
from tests.integration.cli.recorded import Recorded

TEMPLATE = {
    "Resources": {"Data": {"Type": "AWS::S3::Bucket"}, "Models": {"Type": "AWS::S3::Bucket"}},
    "Outputs": {
        "DataBucket": {"Value": {"Ref": "Data"}},
        "ModelBucket": {"Value": {"Ref": "Models"}},
        "ModelName": {"Value": "houses"},
    },
}


@pytest.fixture
def target(aws, monkeypatch, eventually):
    """A new stack that has only its buckets; the environment variables of this process point to its cloud."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    environment = aws.name("cli")
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(StackName=f"evergreen-{environment}", TemplateBody=json.dumps(TEMPLATE))
    describe = lambda: cloudformation.describe_stacks(StackName=f"evergreen-{environment}")["Stacks"][0]  # noqa: E731
    eventually(lambda: describe()["StackStatus"] == "CREATE_COMPLETE")
    return Target(environment)


@pytest.fixture
def recorded():
    """AWS, whose answers a test records before; all of them must have been asked for at its end."""
    clients = Recorded()
    yield clients
    clients.all_asked()


@pytest.fixture
def plan(monkeypatch):
    """A deployment of dev to an account of AWS."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "MLFLOW_TRACKING_URI", "EVERGREEN_ALARM_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    dev = next(environment for environment in ENVIRONMENTS if environment.name == "dev")
    return Plan(environment=dev, region=dev.region, settings_file=Path("model.toml"), embedded=False)


@pytest.fixture
def caller():
    return Caller(arn="arn:aws:sts::111122223333:assumed-role/deployer/me", account="111122223333")
