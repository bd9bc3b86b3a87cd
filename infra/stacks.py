"""The stack, wiring only: read it as a diagram."""

from aws_cdk import CfnOutput, Stack, Tags
from aws_cdk import Environment as Deployment
from constructs import Construct

from evergreen import names
from infra.data_store import DataStore
from infra.dead_letters import DeadLetters
from infra.environments import Environment
from infra.model_store import ModelStore
from infra.monitoring.alarms import Alarms
from infra.monitoring.capture import Capture
from infra.monitoring.dashboard import Dashboard
from infra.monitoring.drift_check import DriftCheck
from infra.monitoring.notifier import Notifier
from infra.notifications import Notifications
from infra.serving.api import PredictionApi
from infra.stack_settings import StackSettings
from infra.tracking import Tracking
from infra.training.execution_events import SilentEnds
from infra.training.workflow import TrainingWorkflow


class EvergreenStack(Stack):
    """All of an environment."""

    def __init__(
        self,
        scope: Construct,
        *,
        environment: Environment,
        settings: StackSettings,
        source_digest: str,
        image: str,
        tracking_url: str | None,
        alarm_email: str | None,
        for_this_machine: bool,
    ) -> None:
        """
        Args:
            source_digest: of the code that the jobs run, so that a command can tell whether it is its own.
            image: address of the container image that both jobs run in.
            tracking_url: of an MLflow server; without one the stack makes an MLflow App.
            for_this_machine: compile-time choice of the functions' packages, see packaging.function_package.
        """
        super().__init__(
            scope,
            names.stack_name(environment.name),
            env=Deployment(region=environment.region),
            description=f"Evergreen {environment.name}: trains, serves and watches {settings.model_name}",
        )
        Tags.of(self).add("evergreen:environment", environment.name)
        model_name = settings.model_name

        notifications = Notifications(self, "Notifications", email=alarm_email, format_=settings.message_format)
        dead_letters = DeadLetters(self, "DeadLetters").queue
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
            dead_letters=dead_letters,
            for_this_machine=for_this_machine,
        )
        SilentEnds(self, "SilentEnds", environment=environment.name, workflow=workflow, notifications=notifications)
        api = PredictionApi(
            self,
            "Prediction",
            environment=environment,
            model_name=model_name,
            models=models,
            log_sample=settings.log_sample,
            log_leave_out=settings.log_leave_out,
            for_this_machine=for_this_machine,
        )
        capture = Capture(self, "Capture", environment=environment, source=api.function.log_group)
        check = DriftCheck(
            self,
            "Monitoring",
            environment=environment,
            model_name=model_name,
            models=models,
            capture=capture,
            every_hours=settings.every_hours,
            window_hours=settings.window_hours,
            not_captured=settings.log_leave_out,
            dead_letters=dead_letters,
            for_this_machine=for_this_machine,
        )
        notifier = Notifier(
            self,
            "Notifier",
            environment=environment,
            model_name=model_name,
            capture=capture,
            notifications=notifications,
            dead_letters=dead_letters,
            for_this_machine=for_this_machine,
        )
        alarms = Alarms(
            self,
            "Alarms",
            environment=environment.name,
            settings=settings,
            capture=capture,
            log_group=api.function.log_group,
            dead_letters=dead_letters,
            notifications=notifications,
            notifier=notifier,
        )
        dashboard = Dashboard(
            self,
            "Overview",
            environment=environment.name,
            settings=settings,
            api=api,
            capture=capture,
            workflow=workflow,
            alarms=alarms.all,
        )

        outputs = {
            names.OUTPUT_PREDICT_URL: api.url,
            names.OUTPUT_DATA_BUCKET: data.bucket.bucket_name,
            names.OUTPUT_MODEL_BUCKET: models.bucket.bucket_name,
            names.OUTPUT_CAPTURE_BUCKET: capture.bucket.bucket_name,
            names.OUTPUT_WORKFLOW: workflow.arn,
            names.OUTPUT_PROMOTE_FUNCTION: workflow.promote_function,
            names.OUTPUT_CHECK_FUNCTION: check.function_name,
            names.OUTPUT_DASHBOARD: dashboard.name,
            names.OUTPUT_MODEL_NAME: model_name,
            names.OUTPUT_SOURCE_DIGEST: source_digest,
            names.OUTPUT_TOPIC: notifications.topic.topic_arn,
            names.OUTPUT_TRACKING_URI: tracking.uri,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
