"""The training workflow: the state machine, and the two functions that it calls."""

from typing import Any

from aws_cdk import Aws, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from evergreen import names
from infra import job_roles
from infra.data_store import DataStore
from infra.environments import Environment
from infra.function import Function, retention
from infra.model_store import ModelStore
from infra.notifications import Notifications
from infra.packaging import job_archive
from infra.tracking import Tracking
from infra.training_states import Addresses, definition, job_prefix


class TrainingWorkflow(Construct):
    """`arn` is what an execution is started on, with `data`, `settings` (s3:// URIs) and `git_commit` as input."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        model_name: str,
        image: str,
        data: DataStore,
        models: ModelStore,
        tracking: Tracking,
        notifications: Notifications,
        for_this_machine: bool,
    ) -> None:
        super().__init__(scope, id_)
        source = assets.Asset(self, "JobSource", path=str(job_archive()))

        prepare_role = job_roles.prepare_role(self, image=image, source=source, data=data)
        train_role = job_roles.train_role(self, image=image, source=source, data=data, models=models, tracking=tracking)
        judge = self._judge(environment, model_name, models, for_this_machine=for_this_machine)
        promote = self._promote(environment, model_name, models, tracking, for_this_machine=for_this_machine)

        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        judge.lambda_function.grant_invoke(role)
        promote.lambda_function.grant_invoke(role)
        notifications.grant_publish(role)
        job_roles.grant_jobs(role, job_prefix(environment.name), [prepare_role, train_role])

        states = definition(
            Addresses(
                environment=environment.name,
                model_name=model_name,
                image=image,
                source_uri=source.s3_object_url,
                data_bucket=data.bucket.bucket_name,
                bundles_uri=f"s3://{models.bucket.bucket_name}/{models.bundles}",
                prepare_role=prepare_role.role_arn,
                train_role=train_role.role_arn,
                judge_function=judge.lambda_function.function_arn,
                promote_function=promote.lambda_function.function_arn,
                topic=notifications.topic.topic_arn,
                chat=notifications.format == names.FORMAT_CHAT,
                tracking_uri=tracking.uri,
                region=Aws.REGION,
                job_instance=environment.job_instance,
                job_seconds=environment.job_seconds,
            )
        )
        self.arn = self._state_machine(states, role, environment.retention_days).state_machine_arn
        self.promote_function = promote.lambda_function.function_name

    def _judge(
        self, environment: Environment, model_name: str, models: ModelStore, *, for_this_machine: bool
    ) -> Function:
        """Reads bundles and the pointer, writes decisions."""
        judge = Function(
            self,
            "Judge",
            name="judge",
            variables={names.MODEL_BUCKET: models.bucket.bucket_name, names.MODEL_NAME: model_name},
            memory_mb=1024,
            timeout_seconds=300,
            retention_days=environment.retention_days,
            for_this_machine=for_this_machine,
        )
        models.grant_read_models(judge.role)
        models.grant_write_decisions(judge.role)
        return judge

    def _promote(
        self,
        environment: Environment,
        model_name: str,
        models: ModelStore,
        tracking: Tracking,
        *,
        for_this_machine: bool,
    ) -> Function:
        """The only one that writes the pointer; moves the aliases in MLflow."""
        promote = Function(
            self,
            "Promote",
            name="promote",
            variables={
                names.MODEL_BUCKET: models.bucket.bucket_name,
                names.MODEL_NAME: model_name,
                names.TRACKING_URI: tracking.uri,
            },
            memory_mb=1024,
            timeout_seconds=120,
            retention_days=environment.retention_days,
            for_this_machine=for_this_machine,
        )
        models.grant_read_models(promote.role)
        models.grant_write_champion(promote.role)
        tracking.grant_log(promote.role)
        return promote

    def _state_machine(self, states: dict[str, Any], role: iam.Role, retention_days: int) -> stepfunctions.StateMachine:
        log = logs.LogGroup(
            self,
            "Log",
            # Step Functions can write to few groups beside those of this prefix: its policy has a size limit.
            log_group_name=f"/aws/vendedlogs/states/{Stack.of(self).stack_name}",
            retention=retention(retention_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        return stepfunctions.StateMachine(
            self,
            "StateMachine",
            definition_body=stepfunctions.DefinitionBody.from_string(Stack.of(self).to_json_string(states)),
            role=role,
            logs=stepfunctions.LogOptions(destination=log, level=stepfunctions.LogLevel.ALL),
        )
