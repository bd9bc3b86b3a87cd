"""The embedded cloud with the stack deployed to it: what `evergreen up` and `evergreen demo` begin with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.aws import cdk
from cli.aws.target import Target, enter
from cli.console import Steps
from evergreen import names
from local.cloud import EmbeddedCloud

ENVIRONMENT = "dev"
ACCOUNT = "000000000000"
REGION = "us-east-1"


@contextmanager
def deployed_cloud(home: Path, steps: Steps, *, port: int | None) -> Iterator[tuple[EmbeddedCloud, Target]]:
    """Start the cloud, bootstrap it, deploy; stop it at the end, whatever happens.

    Raises:
        CloudError: the cloud did not start.
        CommandFailed: the CDK failed.
    """
    cloud = EmbeddedCloud(home, region=REGION, port=port)
    try:
        with steps.step("Start the embedded cloud and MLflow"):
            cloud.start()
        enter(cloud.environment())
        settings = {
            "EVERGREEN_FUNCTIONS_FOR": "this-machine",
            # The same template without the CDK's own checks of it, which take 10 s; the tests make them.
            "CDK_VALIDATION": "false",
            # What the CDK remembers of accounts is of no use after this cloud.
            "CDK_HOME": str(home / "cdk"),
        }
        with steps.step(f"cdk bootstrap aws://{ACCOUNT}/{REGION}") as step:
            cdk.bootstrap(settings, step, account=ACCOUNT, region=REGION, folder=home)
        stack = names.stack_name(ENVIRONMENT)
        with steps.step(f"cdk deploy {stack}") as step:
            cdk.deploy(settings, step, stack=stack, assembly=home / "cdk.out")
        yield cloud, Target(ENVIRONMENT)
    finally:
        cloud.stop()
