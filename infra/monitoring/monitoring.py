"""The monitoring part of the stack."""

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.deployment import Deployment
from infra.model_store import ModelStore
from infra.monitoring.alarms import Alarms
from infra.monitoring.capture import Capture
from infra.monitoring.dashboard import Dashboard
from infra.monitoring.drift_check import DriftCheck
from infra.monitoring.notifier import Notifier
from infra.notifications import Notifications
from infra.serving.serving import Serving
from infra.training.training import Training


class Monitoring:
    """Captures of predictions, a scheduled drift check, alarms with their messages, and the dashboard.

    Attributes:
        alarm_action: tells people of an alarm.
    """

    def __init__(
        self,
        stack: Stack,
        deployment: Deployment,
        *,
        models: ModelStore,
        training: Training,
        serving: Serving,
        notifications: Notifications,
    ) -> None:
        self.capture = Capture(stack, "Capture", deployment, source=serving.function.log_group)
        self.check = DriftCheck(
            stack,
            "Monitoring",
            deployment,
            models=models,
            capture=self.capture,
            notifications=notifications,
        )
        notifier = Notifier(
            stack,
            "Notifier",
            deployment,
            capture=self.capture,
            notifications=notifications,
        )
        self.alarm_action: cloudwatch.IAlarmAction = notifier.action
        alarms = Alarms(
            stack,
            "Alarms",
            deployment,
            serving=serving,
            capture=self.capture,
            notifications=notifications,
            notifier=notifier,
        )
        self.dashboard = Dashboard(
            stack,
            "Overview",
            deployment,
            serving=serving,
            capture=self.capture,
            workflow=training.workflow,
            alarms=alarms.all,
        )
