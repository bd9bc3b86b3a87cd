"""The pipeline's stack in the caller's account: whom its roles trust, and how it is deployed."""

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.aws import cdk
from cli.aws.stacks import describe, outputs_of
from cli.console import Step
from evergreen import names
from infra.environments import ENVIRONMENTS

if TYPE_CHECKING:
    import boto3

ISSUER = "token.actions.githubusercontent.com"
JOBS = (*(environment.name for environment in ENVIRONMENTS), names.PULL_REQUEST)


@dataclass(frozen=True)
class PipelineRoles:
    """The stack in the region of the first environment."""

    session: "boto3.Session"

    @classmethod
    def choose(cls) -> "PipelineRoles":
        import boto3

        return cls(boto3.Session(region_name=ENVIRONMENTS[0].region))

    @cached_property
    def account(self) -> str:
        return str(self.session.client("sts").get_caller_identity()["Account"])

    def trusted(self) -> str | None:
        """The repository that the deployed roles trust; None without the stack."""
        stack = self._stack()
        return None if stack is None else outputs_of(stack)[names.OUTPUT_REPOSITORY]

    def context(self, repository: str) -> list[str]:
        """The settings to deploy the stack with. A provider that somebody else has made is only referred to."""
        given = [f"pipeline={repository}"]
        return [*given, "oidc-provider=existing"] if self._has_foreign_provider() else given

    def deploy(self, repository: str, settings: dict[str, str], step: Step) -> None:
        """
        Raises:
            CommandFailed: the CDK failed.
        """
        with tempfile.TemporaryDirectory(prefix="evergreen-") as folder:
            cdk.deploy(
                settings,
                step,
                stack=names.PIPELINE_STACK,
                assembly=Path(folder),
                context=self.context(repository),
            )

    def variables(self) -> dict[str, str]:
        """What workflows read: the roles, the regions and the account."""
        stack = self._stack()
        outputs = {} if stack is None else outputs_of(stack)
        arn = f"arn:{self._partition()}:iam::{self.account}:role/"
        roles = {
            f"AWS_ROLE_{_in_capitals(job)}": outputs.get(
                names.output_pipeline_role(job), arn + names.pipeline_role(job)
            )
            for job in JOBS
        }
        regions = {f"AWS_REGION_{_in_capitals(environment.name)}": environment.region for environment in ENVIRONMENTS}
        return {**roles, **regions, "AWS_ACCOUNT": self.account}

    def _partition(self) -> str:
        return str(self.session.get_partition_for_region(ENVIRONMENTS[0].region))

    def _stack(self) -> dict[str, Any] | None:
        return describe(self.session.client("cloudformation"), names.PIPELINE_STACK)

    def _has_foreign_provider(self) -> bool:
        providers = self.session.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
        if not any(provider["Arn"].endswith(f"/{ISSUER}") for provider in providers):
            return False
        if self._stack() is None:
            return True
        resources = self.session.client("cloudformation").describe_stack_resources(StackName=names.PIPELINE_STACK)
        types = {resource["ResourceType"] for resource in resources["StackResources"]}
        return "AWS::IAM::OIDCProvider" not in types


def _in_capitals(job: str) -> str:
    return job.upper().replace("-", "_")
