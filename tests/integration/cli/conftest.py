"""A stack in the embedded cloud, as the commands meet it."""

import json

import pytest

from cli.aws.target import Target

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
