"""The training workflow: the state machine, the two functions that it calls, and the roles of its jobs."""

from aws_cdk import Aws, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from evergreen import names
from infra.data_store import DataStore
from infra.environments import Environment
from infra.function import Function, retention
from infra.model_store import ModelStore
from infra.notifications import Notifications
from infra.packaging import job_archive
from infra.tracking import Tracking
from infra.training_states import Addresses, definition, job_prefix

# Step Functions makes these itself, to hear of a job's end.
_SYNC_RULES = (
    "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
)


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

        prepare_role = self._job_role("PrepareRole", "ProcessingJobs", image, source)
        # The archive is a channel of this job, and channels are listed; a training job's container fetches it by key.
        prepare_role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[source.bucket.bucket_arn],
                conditions={"StringEquals": {"s3:prefix": source.s3_object_key}},
            )
        )
        data.grant_read_inputs(prepare_role)
        data.grant_write_prepared(prepare_role)

        train_role = self._job_role("TrainRole", "TrainingJobs", image, source)
        data.grant_read_prepared(train_role)
        models.grant_write_bundles(train_role)
        tracking.grant_log(train_role)

        common = {names.MODEL_BUCKET: models.bucket.bucket_name, names.MODEL_NAME: model_name}
        judge = Function(
            self,
            "Judge",
            name="judge",
            variables=common,
            memory_mb=1024,
            timeout_seconds=300,
            retention_days=environment.retention_days,
            for_this_machine=for_this_machine,
        )
        models.grant_read_models(judge.role)
        models.grant_write_decisions(judge.role)

        promote = Function(
            self,
            "Promote",
            name="promote",
            variables={**common, names.TRACKING_URI: tracking.uri},
            memory_mb=1024,
            timeout_seconds=120,
            retention_days=environment.retention_days,
            for_this_machine=for_this_machine,
        )
        models.grant_read_models(promote.role)
        models.grant_write_champion(promote.role)
        tracking.grant_log(promote.role)

        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        judge.lambda_function.grant_invoke(role)
        promote.lambda_function.grant_invoke(role)
        notifications.grant_publish(role)
        self._grant_jobs(role, job_prefix(environment.name), [prepare_role, train_role])

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
                tracking_uri=tracking.uri,
                region=Aws.REGION,
                job_instance=environment.job_instance,
                job_seconds=environment.job_seconds,
            )
        )
        machine = stepfunctions.StateMachine(
            self,
            "StateMachine",
            definition_body=stepfunctions.DefinitionBody.from_string(Stack.of(self).to_json_string(states)),
            role=role,
            logs=stepfunctions.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Log",
                    # Step Functions can write to few groups beside those of this prefix: its policy has a size limit.
                    log_group_name=f"/aws/vendedlogs/states/{Stack.of(self).stack_name}",
                    retention=retention(environment.retention_days),
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=stepfunctions.LogLevel.ALL,
            ),
        )
        self.arn = machine.state_machine_arn
        self.promote_function = promote.lambda_function.function_name

    def _job_role(self, id_: str, log_group: str, image: str, source: assets.Asset) -> iam.Role:
        """A role that SageMaker runs a job under: its source archive, its image, its log and its metrics."""
        role = iam.Role(self, id_, assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        account, _, repository = image.partition("/")
        account_id, _, _, region, *_ = account.split(".")
        statements = [
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[source.bucket.arn_for_objects(source.s3_object_key)]
            ),
            iam.PolicyStatement(
                actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                resources=[
                    f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:/aws/sagemaker/{log_group}*"
                ],
            ),
            # These two know no resources.
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
            ),
            iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
            iam.PolicyStatement(
                actions=["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
                resources=[f"arn:{Aws.PARTITION}:ecr:{region}:{account_id}:repository/{repository.partition(':')[0]}"],
            ),
        ]
        for statement in statements:
            role.add_to_policy(statement)
        return role

    def _grant_jobs(self, role: iam.Role, prefix: str, job_roles: list[iam.Role]) -> None:
        """Start, watch and stop this environment's jobs: the state machine's own role."""
        for kind, resource in (("TrainingJob", "training-job"), ("ProcessingJob", "processing-job")):
            actions = [f"sagemaker:{verb}{kind}" for verb in ("Create", "Describe", "Stop")]
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=[*actions, "sagemaker:AddTags"], resources=[_arn("sagemaker", f"{resource}/{prefix}*")]
                )
            )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[job_role.role_arn for job_role in job_roles],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
        # Step Functions hears of a job's end through these rules, which it makes itself.
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
                resources=[_arn("events", f"rule/{rule}") for rule in _SYNC_RULES],
            )
        )


def _arn(service: str, resource: str) -> str:
    """The ARN of something in the stack's own account and region."""
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"
