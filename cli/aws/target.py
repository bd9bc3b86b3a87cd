"""The target of a command: a stack in the caller's AWS account, or with --local in the embedded cloud."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.aws.stacks import describe, outputs_of
from evergreen import names
from evergreen.errors import CommandFailed
from infra.environments import ENVIRONMENTS

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
    embedded: bool = False

    @classmethod
    def choose(cls, environment: str, *, local: bool) -> "Target":
        """The target that a command's options name.

        Raises:
            CloudNotRunning: --local, and no embedded cloud answers.
        """
        if local:
            from local.running import environment_of_running

            enter(environment_of_running(CLOUD_HOME))
        return cls(environment, embedded=local)

    @property
    def session(self) -> "boto3.Session":
        """In the stack's region.

        Raises:
            CommandFailed: the stack is not deployed.
        """
        return self._stack[0]

    def client(self, service: str) -> Any:
        return client_of(self.session, service)

    @property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs by name.

        Raises:
            CommandFailed: the stack is not deployed.
        """
        return self._stack[1]

    @cached_property
    def _stack(self) -> "tuple[boto3.Session, dict[str, str]]":
        """A session in the region where the stack was found, and the stack's outputs."""
        if found := self.find():
            session, stack = found
            return session, outputs_of(stack)
        name, regions = names.stack_name(self.environment), [session.region_name for session in self.sessions()]
        raise CommandFailed(
            f"there is no stack {name} in {' or '.join(regions)}. Deploy it with: "
            f"cdk deploy {name}, or name its region in AWS_REGION, or add --local for the embedded cloud"
        )

    def find(self) -> "tuple[boto3.Session, dict[str, Any]] | None":
        """A session in the region where the stack is, and CloudFormation's description of it; None without a stack."""
        name = names.stack_name(self.environment)
        for session in self.sessions():
            if stack := describe(client_of(session, "cloudformation"), name):
                return session, stack
        return None

    def sessions(self) -> "list[boto3.Session]":
        """One for each region where the stack may be."""
        import boto3

        return [boto3.Session(region_name=region) for region in self._regions()]

    def _regions(self) -> list[str | None]:
        """Where the stack may be: in the environment's own region, or with `cdk deploy -c region=...` in another."""
        # The CDK and Lambda read AWS_REGION; boto3 reads only AWS_DEFAULT_REGION, and the profile where that is None.
        named = os.environ.get("AWS_REGION")
        if self.embedded:
            return [named]
        own = [environment.region for environment in ENVIRONMENTS if environment.name == self.environment]
        return list(dict.fromkeys((*own, *([named] if named or not own else []))))


def client_of(
    session: "boto3.Session", service: str, *, region: str | None = None, attempts: int = 3, connections: int = 10
) -> Any:
    """A client that sends what AWS refuses for a moment again.

    Args:
        region: if it is another than the session's.
        attempts: how often a request is sent, at most.
        connections: how many requests may be under way at once.
    """
    from botocore.config import Config

    retries: Any = {"mode": "standard", "max_attempts": attempts}
    return session.client(service, region_name=region, config=Config(retries=retries, max_pool_connections=connections))
