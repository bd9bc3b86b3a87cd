"""Handles executions of the training workflow that end without reaching a state that sends a message."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.deployment import Deployment
from infra.notifications import Notifications
from infra.training.workflow import TrainingWorkflow

# Failures that no state can catch. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_UNCAUGHT = ["States.Runtime", "States.DataLimitExceeded", "States.QueryEvaluationError"]


class ExecutionEvents(Construct):
    """Sends a message after an abort, a timeout or a failure that no state can catch, and releases the lease.

    The workflow itself sends the messages about all other failures.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        workflow: TrainingWorkflow,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, id_)
        environment = deployment.environment.name
        execution = events.EventField.from_path("$.detail.name")
        status = events.EventField.from_path("$.detail.status")
        message = notifications.event_message(
            subject=f"Evergreen {environment}: training ended silently",
            text=f"Evergreen {environment}: training {execution} ended as {status}. The champion: evergreen versions "
            f"-e {environment}. Train again: evergreen train -e {environment}",
        )
        release = events.RuleTargetInput.from_object(
            {"action": "release", "execution": events.EventField.from_path("$.detail.executionArn")}
        )
        events.Rule(
            self,
            "TrainingEndedSilently",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [workflow.arn],
                    "$or": [{"status": ["ABORTED", "TIMED_OUT"]}, {"status": ["FAILED"], "error": _UNCAUGHT}],
                },
            ),
            targets=[
                targets.SnsTopic(notifications.topic, message=message),
                targets.LambdaFunction(workflow.lease, event=release),
            ],
        )
