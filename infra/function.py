"""A Lambda function of functions/, with its package, its log group and its settings."""

from collections.abc import Mapping

from aws_cdk import Duration, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment
from infra.logs import log_group
from infra.packages.function_zip import function_zip
from infra.packages.linked import linked_function


class Function(Construct):
    """Runs functions.<name>.handler.handler under a role that may write its own log and nothing else."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        name: str,
        variables: Mapping[str, str],
        memory_mb: int,
        timeout_seconds: int,
        service: str | None = None,
        storage_mb: int = 512,
        dead_letters: sqs.Queue | None = None,
        log_days: int | None = None,
        without: tuple[str, ...] = (),
    ) -> None:
        """
        Args:
            service: the dimension of its metrics, if it differs from the function's name.
            storage_mb: of temporary files.
            dead_letters: takes events that failed after their retries.
            log_days: how long its log is kept, if not as long as the environment's others.
            without: folders of ours that its package goes without.
        """
        super().__init__(scope, id_)
        code = linked_function if deployment.for_this_machine else function_zip
        self.log_group = log_group(self, "Log", deployment, days=log_days)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(role)
        self.lambda_function = lambda_.Function(
            self,
            "Function",
            code=lambda_.Code.from_asset(str(code(name, without=without))),
            handler=f"functions.{name}.handler.handler",
            runtime=lambda_.Runtime.PYTHON_3_12,
            architecture=lambda_.Architecture.X86_64,
            role=role,
            environment={
                "POWERTOOLS_SERVICE_NAME": service or name,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                **names.NO_TELEMETRY,
                **variables,
            },
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_seconds),
            log_group=self.log_group,
            ephemeral_storage_size=Size.mebibytes(storage_mb),
            dead_letter_queue=dead_letters,
        )

    @property
    def role(self) -> iam.IGrantable:
        return self.lambda_function
