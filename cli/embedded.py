"""Starts the embedded cloud and deploys the stack to it, for `evergreen up` and `evergreen demo`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.aws import cdk
from cli.aws.target import CHECKOUT, Target, enter
from cli.console import Steps
from evergreen import names

if TYPE_CHECKING:
    from local.cloud import EmbeddedCloud

ENVIRONMENT = "dev"
ACCOUNT = "000000000000"
REGION = "us-east-1"
# What the CDK synthesises with.
SETTINGS = {
    "EVERGREEN_FUNCTIONS_FOR": "this-machine",
    # The CDK's validation of the template takes 10 s; the tests run it.
    "CDK_VALIDATION": "false",
}


@contextmanager
def deployed_cloud(
    home: Path, steps: Steps, *, port: int | None, model_toml: Path = CHECKOUT / "model.toml"
) -> Iterator[tuple["EmbeddedCloud", Target]]:
    """Start the cloud, bootstrap it and deploy the stack. The cloud is stopped at the end, also after an error.

    Args:
        model_toml: of the model that the stack is for.

    Raises:
        CloudError: the cloud did not start.
        CommandFailed: a package could not be built, or the CDK failed.
    """
    # Not at the top: `evergreen demo --help` and `evergreen up --help` do without it.
    from cli.packages import PackageBuild
    from local.cloud import EmbeddedCloud

    packages = PackageBuild()
    cloud = EmbeddedCloud(home, region=REGION, port=port)
    try:
        with steps.step("Start the embedded cloud and MLflow"):
            cloud.start()
        with steps.step("Build the packages of functions and jobs") as step:
            packages.wait(step)
        enter(cloud.environment())
        # The CDK's cache of account facts is useless once this cloud has stopped.
        settings = {**SETTINGS, "CDK_HOME": str(home / "cdk")}
        with steps.step(f"cdk bootstrap aws://{ACCOUNT}/{REGION}") as step:
            cdk.bootstrap(settings, step, account=ACCOUNT, region=REGION, folder=home)
        stack = names.stack_name(ENVIRONMENT)
        with steps.step(f"cdk deploy {stack}") as step:
            cdk.deploy(settings, step, stack=stack, assembly=home / "cdk.out", model_toml=model_toml)
        yield cloud, Target(ENVIRONMENT, embedded=True)
    finally:
        packages.close()
        cloud.stop()
