"""The training part of the stack."""

from aws_cdk import Stack

from infra.data_store import DataStore
from infra.deployment import Deployment
from infra.model_store import ModelStore
from infra.notifications import Notifications
from infra.tracking import Tracking
from infra.training.execution_events import ExecutionEvents
from infra.training.workflow import TrainingWorkflow


class Training:
    """The workflow, and the rule for executions that end without sending a message."""

    def __init__(
        self,
        stack: Stack,
        deployment: Deployment,
        *,
        data: DataStore,
        models: ModelStore,
        tracking: Tracking,
        notifications: Notifications,
    ) -> None:
        self.workflow = TrainingWorkflow(
            stack,
            "Training",
            deployment,
            data=data,
            models=models,
            tracking=tracking,
            notifications=notifications,
        )
        ExecutionEvents(stack, "Ends", deployment, workflow=self.workflow, notifications=notifications)
