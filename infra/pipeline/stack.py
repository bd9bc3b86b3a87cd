"""The stack that trusts the workflows of one repository on GitHub. It is synthesised only when it is asked for."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from evergreen import names
from infra.environments import Environment
from infra.pipeline.repository import subject_of
from infra.pipeline.roles import AUDIENCE, ISSUER, DeployRole, PullRequestRole


class PipelineStack(cdk.Stack):
    """A role for each environment, and one for pull requests, which are compared with the first.

    An account has one provider of an issuer at most. Where there is one for GitHub already, the stack only refers to
    it.
    """

    def __init__(
        self,
        scope: Construct,
        environments: Sequence[Environment],
        *,
        repository: str,
        existing_provider: bool,
    ) -> None:
        """
        Args:
            environments: with the regions that they are deployed to. The stack itself is in that of the first.
            repository: as `subject_of` takes it.

        Raises:
            UnusableRepository: the repository cannot be one.
        """
        subject = subject_of(repository)
        super().__init__(
            scope,
            names.PIPELINE_STACK,
            env=cdk.Environment(region=environments[0].region),
            description=f"Evergreen: what workflows of {repository} on GitHub may do",
        )
        provider = self._provider(existing=existing_provider)
        qualifier = self.synthesizer.bootstrap_qualifier or cdk.DefaultStackSynthesizer.DEFAULT_QUALIFIER
        roles = {
            environment.name: DeployRole(
                self,
                f"{environment.name.title()}Deploy",
                environment,
                provider=provider,
                subject=subject,
                qualifier=qualifier,
            ).role
            for environment in environments
        }
        roles[names.PULL_REQUEST] = PullRequestRole(
            self, "PullRequest", environments[0], provider=provider, subject=subject
        ).role
        for name, role in roles.items():
            cdk.CfnOutput(self, names.output_pipeline_role(name), value=role.role_arn)
        cdk.CfnOutput(self, names.OUTPUT_REPOSITORY, value=repository)

    def _provider(self, *, existing: bool) -> iam.IOidcProvider:
        if existing:
            arn = f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:oidc-provider/{ISSUER}"
            return iam.OidcProviderNative.from_oidc_provider_arn(self, "GitHub", arn)
        return iam.OidcProviderNative(self, "GitHub", url=f"https://{ISSUER}", client_ids=[AUDIENCE])
