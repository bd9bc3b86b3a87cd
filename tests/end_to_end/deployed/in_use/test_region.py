"""A stack in another region than its caller's: prod is in eu-central-1, and the caller's AWS_REGION is us-east-1."""

import os

import pytest

from cli.aws import cdk
from cli.aws.checks import Checks
from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.target import Target
from cli.console import Steps
from cli.embedded import ACCOUNT, SETTINGS
from evergreen import names
from infra.environments import ENVIRONMENTS

(REGION,) = [environment.region for environment in ENVIRONMENTS if environment.name == "prod"]


@pytest.fixture(scope="module")
def prod(cloud, tmp_path_factory):  # noqa: ARG001 - the cloud that it is deployed to
    assert os.environ["AWS_REGION"] not in ("", REGION)
    folder, steps = tmp_path_factory.mktemp("prod"), Steps()
    settings = {**SETTINGS, "CDK_HOME": str(folder / "cdk")}
    with steps.step("bootstrap") as step:
        cdk.bootstrap(settings, step, account=ACCOUNT, region=REGION, folder=folder)
    with steps.step("deploy") as step:
        cdk.deploy(settings, step, stack=names.stack_name("prod"), assembly=folder / "cdk.out")
    return Target.choose("prod", local=False)


def test_what_is_deployed_is_in_the_environments_region(prod):
    assert prod.session.region_name == REGION
    arns = [value for value in prod.outputs.values() if value.startswith("arn:") and ":iam:" not in value]
    assert arns
    assert {arn.split(":")[3] for arn in arns} == {REGION}
    for output in (names.OUTPUT_CAPTURE_BUCKET, names.OUTPUT_MODEL_BUCKET):
        location = prod.client("s3").get_bucket_location(Bucket=prod.outputs[output])
        assert location["LocationConstraint"] == REGION


def test_its_functions_answer(prod):
    with pytest.raises(RequestRefused) as caught:
        Endpoint(prod).predict({"features": {}})
    assert caught.value.status == 503
    result = Checks(prod).run()
    assert "no version" in result["reason"]
