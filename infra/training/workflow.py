"""The training workflow: the state machine, and the functions that it calls."""

from collections.abc import Mapping

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from evergreen import names
from infra.data_store import DataStore
from infra.deployment import Deployment
from infra.function import Function
from infra.model_store import ModelStore
from infra.notifications import Notifications
from infra.packages.job_archive import job_archive
from infra.principals import own_service
from infra.state_machine import state_machine
from infra.tracking import Tracking
from infra.training import roles as job_roles
from infra.training.addresses import Addresses, job_prefix, training_jobs
from infra.training.states import definition, time_limit

# How much longer than an execution its lease holds: until the event of its end has surely come.
_LEASE_MARGIN_SECONDS = 600


class TrainingWorkflow(Construct):
    """
    Attributes:
        arn: what an execution is started on, with `data`, `settings` (s3:// URIs) and `git_commit` as input.
        name: the last part of the ARN, which is part of the ARNs of its executions.
        lease: the function that gives back the lease of an execution that could not do it itself.
        functions: all that it calls; `judge` is one of them.
        train_role: of its training jobs.
        source, prepare_source: the archives of training and of processing jobs.
        addresses: what its definition refers to.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        data: DataStore,
        models: ModelStore,
        tracking: Tracking,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        self.source = source = self._archive("JobSource", wandb=deployment.settings.wandb_secret is not None)
        # One with Feast is larger: only the jobs that need it get it.
        features = deployment.settings.features is not None
        self.prepare_source = self._archive("PrepareSource", feast=True) if features else source

        name, image = deployment.environment.name, deployment.image
        prepare_role = job_roles.prepare_role(
            self, name, image=image, source=self.prepare_source, data=data, models=models, features=features
        )
        train_role = job_roles.train_role(
            self,
            name,
            image=image,
            source=source,
            data=data,
            models=models,
            tracking=tracking,
            wandb_secret=deployment.settings.wandb_secret,
        )
        store = {names.MODEL_BUCKET: models.bucket.bucket_name, names.MODEL_NAME: deployment.model_name}
        lease = self._lease(store, models, notifications.dead_letters)
        self.judge = judge = self._judge(store, models, tracking)
        promote = self._promote(store, models, tracking)

        role = iam.Role(self, "Role", assumed_by=own_service("states"))
        for function in (lease, judge, promote):
            # Not by grant_invoke, which adds versions and aliases: there are none.
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=["lambda:InvokeFunction"], resources=[function.lambda_function.function_arn]
                )
            )
        models.grant_read_failures(role)
        notifications.grant_publish(role)
        job_roles.grant_jobs(role, job_prefix(deployment.environment.name), [prepare_role, train_role])

        environment = deployment.environment
        self.functions, self.train_role = (lease, judge, promote), train_role
        self.addresses = Addresses(
            environment=environment.name,
            model_name=deployment.model_name,
            image=image,
            source_uri=source.s3_object_url,
            prepare_source_uri=self.prepare_source.s3_object_url,
            features=features,
            data_bucket=data.bucket.bucket_name,
            model_bucket=models.bucket.bucket_name,
            prepare_role=prepare_role.role_arn,
            train_role=train_role.role_arn,
            lease_function=lease.lambda_function.function_arn,
            judge_function=judge.lambda_function.function_arn,
            promote_function=promote.lambda_function.function_arn,
            topic=notifications.topic.topic_arn,
            chat=deployment.settings.message_format == names.FORMAT_CHAT,
            tracking=tracking.variables,
            region=Aws.REGION,
            job_instance=environment.job_instance,
            prepare_seconds=environment.prepare_seconds,
            train_seconds=environment.train_seconds,
        )
        machine = state_machine(self, deployment, definition(self.addresses), role)
        self.arn, self.name = machine.state_machine_arn, machine.state_machine_name
        self.lease = lease.lambda_function
        self.promote_function = promote.lambda_function.function_name

    def _archive(self, id_: str, *, feast: bool = False, wandb: bool = False) -> assets.Asset:
        archive = job_archive(for_this_machine=self._deployment.for_this_machine, feast=feast, wandb=wandb)
        return assets.Asset(self, id_, path=str(archive))

    def _lease(self, store: Mapping[str, str], models: ModelStore, dead_letters: sqs.Queue) -> Function:
        """The only one that writes the lease."""
        environment, renewal = self._deployment.environment, self._deployment.settings.renewal
        limit = time_limit(
            prepare_seconds=environment.prepare_seconds,
            train_seconds=environment.train_seconds,
            # A renewal holds the same lease, and trains once for each window.
            trainings=len(renewal["windows"]) if renewal else 1,
        )
        lease = self._function(
            "Lease",
            variables={**store, names.LEASE_SECONDS: str(limit + _LEASE_MARGIN_SECONDS)},
            memory_mb=256,
            timeout_seconds=30,
            dead_letters=dead_letters,
        )
        models.grant_lease(lease.role)
        return lease

    def _judge(self, store: Mapping[str, str], models: ModelStore, tracking: Tracking) -> Function:
        """Unpacks and reads bundles, reads the pointer, writes decisions beside the bundles and on the MLflow runs."""
        judge = self._function(
            "Judge", variables={**store, **tracking.function_variables}, memory_mb=3008, timeout_seconds=900
        )
        models.grant_read_models(judge.role)
        models.grant_judge_bundles(judge.role, jobs=training_jobs(self._deployment.environment.name))
        tracking.grant_log(judge.role)
        return judge

    def _promote(self, store: Mapping[str, str], models: ModelStore, tracking: Tracking) -> Function:
        """The only one that writes the pointer; moves the aliases in MLflow."""
        promote = self._function(
            "Promote", variables={**store, **tracking.function_variables}, memory_mb=1024, timeout_seconds=180
        )
        models.grant_read_models(promote.role)
        models.grant_write_champion(promote.role)
        tracking.grant_log(promote.role)
        return promote

    def _function(
        self,
        id_: str,
        *,
        variables: Mapping[str, str],
        memory_mb: int,
        timeout_seconds: int,
        dead_letters: sqs.Queue | None = None,
    ) -> Function:
        return Function(
            self,
            id_,
            self._deployment,
            name=id_.lower(),
            variables=variables,
            memory_mb=memory_mb,
            timeout_seconds=timeout_seconds,
            dead_letters=dead_letters,
        )
