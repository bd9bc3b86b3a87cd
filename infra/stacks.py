"""The stack, wiring only: read it as a diagram."""

from collections.abc import Sequence

from aws_cdk import CfnOutput, Stack, Tags
from aws_cdk import Environment as Deployment
from constructs import Construct

from evergreen import names
from infra.alarms import Alarms
from infra.data_store import DataStore
from infra.environments import Environment
from infra.model_store import ModelStore
from infra.notifications import Notifications
from infra.prediction_api import PredictionApi
from infra.tracking import Tracking
from infra.training_workflow import TrainingWorkflow


class EvergreenStack(Stack):
    """All of an environment."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        model_name: str,
        image: str,
        rejected_share: float,
        latency_p99_ms: float,
        log_sample: float,
        log_leave_out: Sequence[str],
        tracking_url: str | None,
        alarm_email: str | None,
        for_this_machine: bool,
    ) -> None:
        """
        Args:
            image: address of the container image that both jobs run in.
            rejected_share: of requests, from 0 to 1; above it an alarm fires.
            latency_p99_ms: above which an alarm fires.
            log_sample: share of the requests that are recorded, from 0 to 1.
            log_leave_out: features that are never recorded.
            tracking_url: of an MLflow server; without one the stack makes an MLflow App.
            for_this_machine: compile-time choice of the functions' packages, see packaging.function_package.
        """
        super().__init__(
            scope,
            names.stack_name(environment.name),
            env=Deployment(region=environment.region),
            description=f"Evergreen {environment.name}: trains, serves and watches {model_name}",
        )
        Tags.of(self).add("evergreen:environment", environment.name)

        notifications = Notifications(self, "Notifications", email=alarm_email)
        data = DataStore(self, "Data", expire_days=environment.expire_days)
        models = ModelStore(self, "Models", model_name=model_name)
        tracking = Tracking(self, "Tracking", given_url=tracking_url, environment=environment.name, store=models)
        workflow = TrainingWorkflow(
            self,
            "Training",
            environment=environment,
            model_name=model_name,
            image=image,
            data=data,
            models=models,
            tracking=tracking,
            notifications=notifications,
            for_this_machine=for_this_machine,
        )
        api = PredictionApi(
            self,
            "Prediction",
            environment=environment,
            model_name=model_name,
            models=models,
            log_sample=log_sample,
            log_leave_out=log_leave_out,
            for_this_machine=for_this_machine,
        )
        Alarms(
            self,
            "Alarms",
            environment=environment.name,
            rejected_share=rejected_share,
            latency_p99_ms=latency_p99_ms,
            workflow=workflow,
            notifications=notifications,
        )

        outputs = {
            names.OUTPUT_PREDICT_URL: api.url,
            names.OUTPUT_DATA_BUCKET: data.bucket.bucket_name,
            names.OUTPUT_MODEL_BUCKET: models.bucket.bucket_name,
            names.OUTPUT_WORKFLOW: workflow.arn,
            names.OUTPUT_PROMOTE_FUNCTION: workflow.promote_function,
            names.OUTPUT_MODEL_NAME: model_name,
            names.OUTPUT_TOPIC: notifications.topic.topic_arn,
            names.OUTPUT_TRACKING_URI: tracking.uri,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
