"""Who may use the `evergreen` command: a managed policy for people and pipelines. By itself, nothing has it."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from evergreen import names
from infra.arns import own_arn
from infra.buckets import grant_read, grant_read_channel, grant_write
from infra.data_store import DataStore
from infra.deployment import Deployment
from infra.feature_store.feature_store import FeatureStore
from infra.model_store import ModelStore
from infra.monitoring.monitoring import Monitoring
from infra.notifications import Notifications
from infra.renewal.renewal import Renewal
from infra.serving.serving import Serving
from infra.tracking import Tracking
from infra.training.training import Training


class CommandLineUser(Construct):
    """All that every verb of the command needs of a deployed stack.

    Attributes:
        policy: to attach to a user, a group, a role or a permission set.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        data: DataStore,
        models: ModelStore,
        training: Training,
        serving: Serving,
        monitoring: Monitoring,
        tracking: Tracking,
        notifications: Notifications,
        renewal: Renewal | None,
        features: FeatureStore | None,
    ) -> None:
        super().__init__(scope, id_)
        name = f"{deployment.stack_name}-user"
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=name,
            description=f"Every verb of the evergreen command on {deployment.stack_name}",
            roles=[iam.Role.from_role_name(self, "Role", deployment.user_role)] if deployment.user_role else None,
        )
        self._find_the_stack(deployment.stack_name)
        self._version_data(data.bucket)
        self._run(training.workflow.arn, training.workflow.name)
        self._allow(["s3:GetObject"], data.bucket.arn_for_objects(f"{names.PREPARED_PREFIX}*/{names.SUMMARY}"))
        if renewal:
            self._run(renewal.arn, renewal.name)
            models.grant_change_ledger(self.policy)
        if features:
            self._run(features.arn, features.name)
            self._store_features(data.bucket, features)
        self._read_models(models.bucket, deployment.model_name)
        for route in names.ROUTES:
            self._allow(["execute-api:Invoke"], own_arn("execute-api", f"{serving.api_id}/*/{route.replace(' ', '')}"))
        for function in (training.workflow.promote_function, monitoring.check.function_name):
            self._allow(["lambda:InvokeFunction"], own_arn("lambda", f"function:{function}"))
        self._look(monitoring)
        self._forget(monitoring.capture.bucket)
        self._smoke(deployment.stack_name, serving.api_id)
        self._allow(["sns:ListSubscriptionsByTopic"], notifications.topic.topic_arn)
        tracking.grant_call(self.policy)

    def _find_the_stack(self, stack: str) -> None:
        self._allow(["cloudformation:DescribeStacks"], own_arn("cloudformation", f"stack/{stack}/*"))

    def _version_data(self, bucket: s3.IBucket) -> None:
        """Upload and download versions of the table, by DVC too, and the settings."""
        for prefix in (names.DATA_PREFIX, names.DVC_PREFIX, names.SETTINGS_PREFIX):
            grant_read(bucket, self.policy, prefix)
            grant_write(bucket, self.policy, prefix)
        # What was changed while it was uploaded is taken away again; the bucket keeps it as an old version.
        self._allow(["s3:DeleteObject"], bucket.arn_for_objects(f"{names.DVC_PREFIX}*"))

    def _store_features(self, bucket: s3.IBucket, features: FeatureStore) -> None:
        """Add to the histories of feature views and write what is newer online; see what is there."""
        grant_read(bucket, self.policy, names.HISTORIES_PREFIX)
        grant_write(bucket, self.policy, names.HISTORIES_PREFIX)
        grant_read_channel(bucket, self.policy, f"{names.REGISTRY_PREFIX}*/{names.MATERIALISED}")
        features.online.grant_read(self.policy)
        features.online.grant_write(self.policy)

    def _run(self, arn: str, name: str) -> None:
        """Start an execution of a workflow and follow it."""
        self._allow(["states:StartExecution"], arn)
        executions = own_arn("states", f"execution:{name}:*")
        self._allow(["states:DescribeExecution", "states:GetExecutionHistory"], executions)

    def _read_models(self, bucket: s3.IBucket, model: str) -> None:
        """Bundles, decisions, and all champions so far, which are the versions of one object."""
        grant_read(bucket, self.policy, names.bundles_prefix(model))
        pointer = names.champion_key(model)
        self._allow(["s3:GetObject", "s3:GetObjectVersion"], bucket.arn_for_objects(pointer))
        self._allow(["s3:ListBucketVersions"], bucket.bucket_arn)

    def _look(self, monitoring: Monitoring) -> None:
        """Draw the dashboard, and read what a check has left."""
        dashboard = f"arn:{Aws.PARTITION}:cloudwatch::{Aws.ACCOUNT_ID}:dashboard/{monitoring.dashboard.name}"
        self._allow(["cloudwatch:GetDashboard"], dashboard)
        # The last two know no resources, and of the first AWS says that it wants all for some answers.
        self._allow(["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], "*")
        grant_read(monitoring.capture.bucket, self.policy, names.CHECKS_PREFIX)

    def _forget(self, bucket: s3.IBucket) -> None:
        """Rewrite captures without a prediction."""
        for prefix in (names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX, names.UNDELIVERED_PREFIX):
            grant_read(bucket, self.policy, prefix)
            grant_write(bucket, self.policy, prefix)

    def _smoke(self, stack: str, api: str) -> None:
        """See how the gateway limits and logs requests, and whether alarms have told anybody."""
        self._allow(["apigateway:GET"], f"arn:{Aws.PARTITION}:apigateway:{Aws.REGION}::/apis/{api}/stages/$default")
        self._allow(["logs:FilterLogEvents"], own_arn("logs", f"log-group:{names.access_log(stack)}:*"))
        self._allow(["cloudwatch:DescribeAlarmHistory"], own_arn("cloudwatch", f"alarm:{stack} *"))

    def _allow(self, actions: list[str], resource: str) -> None:
        self.policy.add_statements(iam.PolicyStatement(actions=actions, resources=[resource]))
