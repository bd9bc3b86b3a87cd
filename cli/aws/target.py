"""The target of a command: a stack in the caller's AWS account, or with --local in the embedded cloud."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from botocore.exceptions import ClientError

from evergreen import names
from evergreen.errors import CommandFailed

# boto3 and the embedded cloud are imported where they are used: every verb imports this module, also for its --help.
if TYPE_CHECKING:
    import boto3

CHECKOUT = Path(__file__).resolve().parents[2]
# State of the cloud that `evergreen up` runs.
CLOUD_HOME = CHECKOUT / ".evergreen" / "cloud"

Local = Annotated[
    bool, typer.Option("--local", envvar="EVERGREEN_LOCAL", help="Use the embedded cloud that `make up` runs.")
]
EnvironmentName = Annotated[str, typer.Option("--environment", "-e", help="The environment: dev or prod.")]


def enter(cloud: Mapping[str, str]) -> None:
    """Point this process and its children at an embedded cloud. Variables that lead to an account are removed."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    os.environ.update(cloud)


@dataclass(frozen=True)
class Target:
    """A deployed stack, and clients for the account that it is in."""

    environment: str

    @classmethod
    def choose(cls, environment: str, *, local: bool) -> "Target":
        """The target that a command's options name.

        Raises:
            CloudNotRunning: --local, and no embedded cloud answers.
        """
        if local:
            from local.cloud import EmbeddedCloud

            enter(EmbeddedCloud.environment_of_running(CLOUD_HOME))
        return cls(environment)

    @cached_property
    def session(self) -> "boto3.Session":
        import boto3

        # The CDK and Lambda read AWS_REGION; boto3 reads only AWS_DEFAULT_REGION.
        return boto3.Session(region_name=os.environ.get("AWS_REGION"))

    def client(self, service: str) -> Any:
        from botocore.config import Config

        return self.session.client(service, config=Config(retries={"mode": "standard", "max_attempts": 3}))

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name.

        Raises:
            CommandFailed: the stack is not deployed.
        """
        stack = names.stack_name(self.environment)
        try:
            answer = self.client("cloudformation").describe_stacks(StackName=stack)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise CommandFailed(
                f"there is no stack {stack} in {self.session.region_name}. Deploy it with: cdk deploy {stack}, "
                "or name its region in AWS_REGION, or add --local for the embedded cloud"
            ) from error
        return {output["OutputKey"]: output["OutputValue"] for output in answer["Stacks"][0].get("Outputs", [])}
