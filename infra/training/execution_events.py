"""Handles executions of the training workflow that end without reaching a state that sends a message."""

from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.deployment import Deployment
from infra.notifications import Notifications
from infra.training.workflow import TrainingWorkflow

# Failures that no state can catch. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_UNCAUGHT = ["States.Runtime", "States.DataLimitExceeded", "States.QueryEvaluationError"]


class ExecutionEvents(Construct):
    """Releases the lease of every execution that has not succeeded, and sends a message about those that could not.

    These are an abort, a timeout, and a failure that no state can catch; the workflow itself tells of all others.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        workflow: TrainingWorkflow,
        notifications: Notifications,
        state_machine: str | None = None,
        what: str = "training",
        again: str = "Train again: evergreen train",
    ) -> None:
        """
        Args:
            workflow: that the lease is of.
            state_machine: the ARN of another one that takes the same lease.
            what: ends, and what a person runs to try it `again`.
        """
        super().__init__(scope, id_)
        environment = deployment.environment.name
        execution = events.EventField.from_path("$.detail.name")
        status = events.EventField.from_path("$.detail.status")
        message = notifications.event_message(
            subject=f"Evergreen {environment}: {what} ended silently",
            text=f"Evergreen {environment}: {what} {execution} ended as {status}. The champion: evergreen versions "
            f"-e {environment}. {again} -e {environment}",
        )
        release = events.RuleTargetInput.from_object(
            {"action": "release", "execution": events.EventField.from_path("$.detail.executionArn")}
        )
        # A lease that has been given back already stays so.
        self._arn = state_machine or workflow.arn
        self._rule(f"{what.title()}Ended", {"status": ["FAILED", "ABORTED", "TIMED_OUT"]}).add_target(
            targets.LambdaFunction(workflow.lease, event=release)
        )
        # The event's published schema has no error, and its examples have null. If it does not say which error it was,
        # people are told once too often rather than not at all.
        untold = events.Match.any_of(*_UNCAUGHT, events.Match.does_not_exist(), events.Match.null_value())
        ends = [{"status": ["ABORTED", "TIMED_OUT"]}, {"status": ["FAILED"], "error": untold}]
        self._rule(f"{what.title()}EndedSilently", {"$or": ends}).add_target(
            targets.SnsTopic(notifications.topic, message=message)
        )

    def _rule(self, id_: str, ends: dict[str, Any]) -> events.Rule:
        pattern = events.EventPattern(
            source=["aws.states"],
            detail_type=["Step Functions Execution Status Change"],
            detail={"stateMachineArn": [self._arn], **ends},
        )
        return events.Rule(self, id_, event_pattern=pattern)
