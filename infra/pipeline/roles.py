"""The roles that workflows on GitHub take on, each bound to one kind of job by the subject of the job's token."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from evergreen import names
from infra.environments import Environment

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
# Of `cdk bootstrap`: what puts a template and its assets into an account.
_DEPLOYING = ("deploy-role", "file-publishing-role")
# A deployment, and what a runner needs before and after it, beside the two jobs of a training.
_BESIDE_TRAINING_SECONDS = 3600


def session_seconds(environment: Environment) -> int:
    """How long a job may keep the role of an environment: a deployment and a training that use up their time limits."""
    return environment.prepare_seconds + environment.train_seconds + _BESIDE_TRAINING_SECONDS


class DeployRole(Construct):
    """Of the jobs that deploy to one environment, train there and look at the endpoint.

    It may take on the roles of `cdk bootstrap`, and no more. The rights of the `evergreen` command come from the
    environment's own managed policy, which the environment's stack attaches to this role (`-c user-role`): the policy
    does not exist before that stack is deployed, so that a role which named it could not be made.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        environment: Environment,
        *,
        provider: iam.IOidcProvider,
        subject: str,
        qualifier: str,
    ) -> None:
        super().__init__(scope, id_)
        self.role = iam.Role(
            self,
            "Role",
            role_name=names.pipeline_role(environment.name),
            description=f"Deploys {names.stack_name(environment.name)} and trains there, from GitHub",
            assumed_by=_workflow(provider, f"{subject}:environment:{environment.name}"),
            max_session_duration=Duration.seconds(session_seconds(environment)),
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["sts:AssumeRole"],
                resources=[_bootstrap_role(qualifier, purpose, environment.region) for purpose in _DEPLOYING],
            )
        )


class PullRequestRole(Construct):
    """Of the jobs of pull requests: may read the template that is deployed, for `cdk diff`, and nothing else.

    The lookup role of `cdk bootstrap` would read everything in the account, data and models included. Without it, the
    CDK goes on with this role's own two rights.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        environment: Environment,
        *,
        provider: iam.IOidcProvider,
        subject: str,
    ) -> None:
        super().__init__(scope, id_)
        self.role = iam.Role(
            self,
            "Role",
            role_name=names.pipeline_role(names.PULL_REQUEST),
            description=f"Reads the template of {names.stack_name(environment.name)}, for pull requests on GitHub",
            assumed_by=_workflow(provider, f"{subject}:pull_request"),
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["cloudformation:DescribeStacks", "cloudformation:GetTemplate"],
                resources=[_stack(environment)],
            )
        )


def _workflow(provider: iam.IOidcProvider, subject: str) -> iam.IPrincipal:
    """A job whose token has exactly this subject. A pattern would let in the repositories that it also matches."""
    return iam.WebIdentityPrincipal(
        provider.oidc_provider_arn,
        conditions={"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": subject}},
    )


def _bootstrap_role(qualifier: str, purpose: str, region: str) -> str:
    name = f"cdk-{qualifier}-{purpose}-{Aws.ACCOUNT_ID}-{region}"
    return f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/{name}"


def _stack(environment: Environment) -> str:
    name = names.stack_name(environment.name)
    return f"arn:{Aws.PARTITION}:cloudformation:{environment.region}:{Aws.ACCOUNT_ID}:stack/{name}/*"
