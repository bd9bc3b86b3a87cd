"""The stack, wiring only: read it as a diagram, from top to bottom as the data flows."""

from aws_cdk import CfnOutput, Environment, Stack, Tags
from constructs import Construct

from evergreen import names
from infra.command_line import CommandLineUser
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


class EvergreenStack(Stack):
    """All of an environment."""

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(
            scope,
            deployment.stack_name,
            env=Environment(region=deployment.environment.region),
            description=f"Evergreen {deployment.environment.name}: trains, serves and watches {deployment.model_name}",
        )
        Tags.of(self).add(names.TAG_ENVIRONMENT, deployment.environment.name)

        notifications = Notifications(self, "Notifications", deployment)

        data = DataStore(self, "Data", deployment)
        models = ModelStore(self, "Models", deployment)
        tracking = Tracking(self, "Tracking", deployment, store=models)
        training = Training(self, deployment, data=data, models=models, tracking=tracking, notifications=notifications)
        serving = Serving(self, "Prediction", deployment, models=models)
        monitoring = Monitoring(
            self, deployment, models=models, training=training, serving=serving, notifications=notifications
        )
        renewal = (
            Renewal(
                self,
                "Renewal",
                deployment,
                renewal=deployment.settings.renewal,
                data=data,
                models=models,
                training=training.workflow,
                monitoring=monitoring,
                notifications=notifications,
            )
            if deployment.settings.renewal
            else None
        )

        features = (
            FeatureStore(
                self,
                "Features",
                deployment,
                features=deployment.settings.features,
                data=data,
                training=training.workflow,
                serving=serving,
                monitoring=monitoring,
                notifications=notifications,
            )
            if deployment.settings.features
            else None
        )

        user = CommandLineUser(
            self,
            "User",
            deployment,
            data=data,
            models=models,
            training=training,
            serving=serving,
            monitoring=monitoring,
            tracking=tracking,
            notifications=notifications,
            renewal=renewal,
            features=features,
        )

        outputs = {
            names.OUTPUT_PREDICT_URL: serving.url,
            names.OUTPUT_DATA_BUCKET: data.bucket.bucket_name,
            names.OUTPUT_MODEL_BUCKET: models.bucket.bucket_name,
            names.OUTPUT_CAPTURE_BUCKET: monitoring.capture.bucket.bucket_name,
            names.OUTPUT_WORKFLOW: training.workflow.arn,
            names.OUTPUT_PROMOTE_FUNCTION: training.workflow.promote_function,
            names.OUTPUT_CHECK_FUNCTION: monitoring.check.function_name,
            names.OUTPUT_DASHBOARD: monitoring.dashboard.name,
            names.OUTPUT_MODEL_NAME: deployment.model_name,
            names.OUTPUT_SOURCE_DIGEST: deployment.source_digest,
            names.OUTPUT_TOPIC: notifications.topic.topic_arn,
            names.OUTPUT_TRACKING_URI: tracking.uri,
            names.OUTPUT_USER_POLICY: user.policy.managed_policy_arn,
            names.OUTPUT_LOG_SETTINGS: serving.log_settings,
        }
        if renewal:
            outputs[names.OUTPUT_RENEWAL_WORKFLOW] = renewal.arn
        if features:
            outputs[names.OUTPUT_FEATURE_WORKFLOW] = features.arn
            outputs[names.OUTPUT_FEATURE_PROJECT] = features.online.project
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
