"""Starts the embedded cloud and deploys the stack to it, for `evergreen up` and `evergreen demo`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.aws import cdk
from cli.aws.target import CHECKOUT, Target, enter
from cli.console import Steps, console
from evergreen import names
from evergreen.settings.model_toml import read_settings

if TYPE_CHECKING:
    from cli.packages import PackageBuild
    from local.cloud import EmbeddedCloud
    from local.state.folder import Manifest

ENVIRONMENT = "dev"
ACCOUNT = "000000000000"
REGION = "us-east-1"
# What the CDK synthesises with.
SETTINGS = {
    "EVERGREEN_FUNCTIONS_FOR": "this-machine",
    # The CDK's validation of the template takes 10 s; the tests run it.
    "CDK_VALIDATION": "false",
    # It counts commands; there is nothing to count of a cloud that is not AWS's, and a process less to start.
    "CDK_DISABLE_CLI_TELEMETRY": "true",
}


@contextmanager
def deployed_cloud(
    home: Path, steps: Steps, *, port: int | None, model_toml: Path = CHECKOUT / "model.toml"
) -> Iterator[tuple["EmbeddedCloud", Target]]:
    """Start a cloud, bootstrap it and deploy the stack. The cloud is stopped at the end, also after an error.

    Args:
        model_toml: of the model that the stack is for.

    Raises:
        CloudError: the cloud did not start.
        CommandFailed: a package could not be built, or the CDK failed.
        InvalidSettings: model.toml cannot be used.
    """
    # Not at the top: `evergreen demo --help` and `evergreen up --help` do without it.
    from cli.packages import PackageBuild
    from local.cloud import EmbeddedCloud

    settings = read_settings(model_toml)
    packages = PackageBuild(settings)
    cloud = EmbeddedCloud(home, region=REGION, port=port)
    try:
        with steps.step("Start the embedded cloud"):
            cloud.start(with_mlflow=False)
        enter(cloud.environment())
        # While the packages are built: it does without.
        _bootstrap(home, steps)
        _await_packages(packages, steps)
        # Beside the deployment, which does without: each uses one processor.
        cloud.start_mlflow()
        _deploy(home, steps, model_toml)
        with steps.step("Wait for MLflow, started before the deployment"):
            cloud.await_mlflow()
        yield cloud, Target(ENVIRONMENT, embedded=True)
    finally:
        packages.close()
        cloud.stop()


@contextmanager
def kept_cloud(cloud: "EmbeddedCloud", steps: Steps, *, model_toml: Path = CHECKOUT / "model.toml") -> Iterator[Target]:
    """Start a cloud that keeps its state, and deploy what the stack in it was not deployed from yet.

    Args:
        model_toml: of the model that the stack is for.

    Raises:
        CloudError: the cloud did not start.
        CommandFailed: a package could not be built, or the CDK failed.
        InvalidSettings: model.toml cannot be used.
    """
    import boto3

    from cli.deployed import DeployedFrom, digest
    from cli.packages import PackageBuild

    present = digest(model_toml)
    # Whatever comes, a cloud that starts anew needs them; they are built beside its start.
    settings = read_settings(model_toml)
    packages = PackageBuild(settings) if cloud.starts_anew() else None
    try:
        with steps.step("Start the embedded cloud and MLflow") as step:
            cloud.start()
            step.result = _came_back(cloud)
        enter(cloud.environment())
        deployed = DeployedFrom(boto3.Session(region_name=REGION).client("ssm"))
        before = deployed.read()
        if before != present:
            if before:
                console.print("  The checkout has changed since it was deployed: it is deployed again.", markup=False)
            packages = packages or PackageBuild(settings)
            if not deployed.is_bootstrapped():
                _bootstrap(cloud.home, steps)
            _await_packages(packages, steps)
            _deploy(cloud.home, steps, model_toml)
            deployed.write(present)
        yield Target(ENVIRONMENT, embedded=True)
    finally:
        if packages:
            packages.close()
        cloud.stop()


def _await_packages(packages: "PackageBuild", steps: Steps) -> None:
    with steps.step("Build the packages of functions and jobs") as step:
        packages.wait(step)


def _bootstrap(home: Path, steps: Steps) -> None:
    with steps.step(f"cdk bootstrap aws://{ACCOUNT}/{REGION}") as step:
        cdk.bootstrap(_settings(home), step, account=ACCOUNT, region=REGION, folder=home)


def _deploy(home: Path, steps: Steps, model_toml: Path) -> None:
    stack = names.stack_name(ENVIRONMENT)
    with steps.step(f"cdk deploy {stack}") as step:
        cdk.deploy(
            _settings(home),
            step,
            stack=stack,
            assembly=home / "cdk.out",
            model_toml=model_toml,
            context=[f"environment={ENVIRONMENT}"],
        )


def _settings(home: Path) -> dict[str, str]:
    # The CDK's cache of account facts is useless to another cloud.
    return {**SETTINGS, "CDK_HOME": str(home / "cdk")}


def _came_back(cloud: "EmbeddedCloud") -> str:
    """When the state is from that it has come back with; empty if it has started anew."""
    if not cloud.kept:
        return ""
    moment = saved_at(cloud.kept)
    return f"as it was stopped on {moment}" if cloud.kept.at_stop else f"as of {moment}: it was not stopped in order"


def saved_at(state: "Manifest") -> str:
    """When a state was saved, as one says it here."""
    return time.strftime("%d %B, %H:%M:%S", time.localtime(state.saved))
