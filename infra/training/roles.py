"""Who may do what in the jobs: the roles that SageMaker runs them under, and the right to start them."""

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from evergreen import names
from infra.arns import own_arn
from infra.data_store import DataStore
from infra.model_store import ModelStore
from infra.principals import own_service
from infra.tracking import Tracking, grant_read_secret
from infra.training.addresses import job_prefix, training_jobs

TRAINING, PROCESSING = "Training", "Processing"


def prepare_role(
    scope: Construct,
    environment: str,
    *,
    image: str,
    source: assets.Asset,
    data: DataStore,
    models: ModelStore,
    features: bool,
) -> iam.Role:
    """Reads the table, the settings and the champion's contract, writes the splits.

    Args:
        features: whether it joins stored features, too.
    """
    role = _processing_role(scope, "PrepareRole", environment, image, source)
    data.grant_read_inputs(role)
    if features:
        data.grant_read_histories(role)
    data.grant_write_prepared(role)
    models.grant_read_contracts(role)
    return role


def materialise_role(
    scope: Construct, environment: str, *, image: str, source: assets.Asset, data: DataStore
) -> iam.Role:
    """Reads the histories of feature views, keeps a record of what is online, and says how old it is."""
    role = _processing_role(scope, "JobRole", environment, image, source)
    data.grant_read_histories(role)
    data.grant_keep_registry(role)
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringEquals": {"cloudwatch:namespace": names.metric_namespace(environment)}},
        )
    )
    return role


def train_role(
    scope: Construct,
    environment: str,
    *,
    image: str,
    source: assets.Asset,
    data: DataStore,
    models: ModelStore,
    tracking: Tracking,
    wandb_secret: str | None,
) -> iam.Role:
    """Reads the splits, writes the bundle, logs to MLflow.

    Args:
        wandb_secret: the name of the secret with the key of a mirror, if there is one.
    """
    role = _job_role(scope, "TrainRole", environment, "TrainingJobs", image, source)
    data.grant_read_prepared(role)
    models.grant_write_bundles(role, jobs=training_jobs(environment))
    tracking.grant_log(role)
    if wandb_secret:
        grant_read_secret(role, wandb_secret)
    return role


def grant_jobs(
    role: iam.Role, prefix: str, job_roles: list[iam.Role], *, kinds: Sequence[str] = (TRAINING, PROCESSING)
) -> None:
    """Start, watch and stop this environment's jobs: the state machine's own role."""
    jobs = {kind: own_arn("sagemaker", f"{kind.lower()}-job/{prefix}*") for kind in kinds}
    for kind, resource in jobs.items():
        actions = [f"sagemaker:{verb}{kind}Job" for verb in ("Create", "Describe", "Stop")]
        role.add_to_policy(iam.PolicyStatement(actions=[*actions, "sagemaker:AddTags"], resources=[resource]))
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[job_role.role_arn for job_role in job_roles],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
    )
    # AWS's own policy of this integration has it, on all: to read tags costs nothing.
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
    role.add_to_policy(iam.PolicyStatement(actions=["sagemaker:ListTags"], resources=[*jobs.values()]))
    # Step Functions hears of a job's end through these rules, which it makes itself.
    rules = [f"rule/StepFunctionsGetEventsForSageMaker{kind}JobsRule" for kind in kinds]
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            resources=[own_arn("events", rule) for rule in rules],
        )
    )


def _processing_role(scope: Construct, id_: str, environment: str, image: str, source: assets.Asset) -> iam.Role:
    role = _job_role(scope, id_, environment, "ProcessingJobs", image, source)
    # The archive is a channel of this job, and channels are listed; a training job's container fetches it by key.
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[source.bucket.bucket_arn],
            conditions={"StringEquals": {"s3:prefix": source.s3_object_key}},
        )
    )
    return role


def _job_role(scope: Construct, id_: str, environment: str, group: str, image: str, source: assets.Asset) -> iam.Role:
    """A role that SageMaker runs a job under: its source archive, its image, its log and its metrics."""
    role = iam.Role(scope, id_, assumed_by=own_service("sagemaker"))
    log_group = own_arn("logs", f"log-group:/aws/sagemaker/{group}")
    account, _, repository = image.partition("/")
    account_id, _, _, region, *_ = account.split(".")
    statements = [
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[source.bucket.arn_for_objects(source.s3_object_key)]),
        # All jobs of the account share the group; the streams of a job begin with its name.
        iam.PolicyStatement(
            actions=["logs:CreateLogGroup", "logs:DescribeLogStreams"], resources=[log_group, f"{log_group}:*"]
        ),
        iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[f"{log_group}:log-stream:{job_prefix(environment)}*"],
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
