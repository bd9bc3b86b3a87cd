"""Alarms on the endpoint, and a message for executions that end without their own."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from evergreen import names
from infra.notifications import Notifications
from infra.training_workflow import TrainingWorkflow

PERIOD = Duration.minutes(5)


class Alarms(Construct):
    """Each alarm notifies when it fires and when it is over."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: str,
        rejected_share: float,
        latency_p99_ms: float,
        workflow: TrainingWorkflow,
        notifications: Notifications,
    ) -> None:
        super().__init__(scope, id_)
        self._environment = environment
        self._action = actions.SnsAction(notifications.topic)
        self._alarm(
            "prediction errors",
            names.PREDICTION_ERRORS,
            statistic="Sum",
            threshold=0,
            description="A prediction failed in the last five minutes. The cause is in the predict function's log.",
        )
        self._alarm(
            "rejected requests",
            names.REJECTED_REQUESTS,
            statistic="Average",
            threshold=rejected_share,
            description=f"More than {rejected_share:.0%} of the requests of five minutes did not fit the model's "
            "contract: a caller sends other fields or values than the model was trained on. The predict function's log "
            "names them in its lines 'rejected'.",
        )
        self._alarm(
            "latency",
            names.PREDICTION_DURATION,
            statistic="p99",
            threshold=latency_p99_ms,
            description=f"One prediction request in a hundred took longer than {latency_p99_ms:g} ms inside the "
            "function.",
        )
        self._notify_of_silent_ends(workflow, notifications)

    def _alarm(self, name: str, metric: str, *, statistic: str, threshold: float, description: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name.title().replace(" ", ""),
            # The one physical name of the stack: it is the subject of the message that a person gets.
            alarm_name=f"{names.stack_name(self._environment)} {name}",
            alarm_description=description,
            metric=cloudwatch.Metric(
                namespace=names.metric_namespace(self._environment),
                metric_name=metric,
                dimensions_map={"service": names.METRIC_SERVICE},
                statistic=statistic,
                period=PERIOD,
            ),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=threshold,
            evaluation_periods=1,
            # No requests is no trouble.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)

    def _notify_of_silent_ends(self, workflow: TrainingWorkflow, notifications: Notifications) -> None:
        """A failed state notifies by itself; an abort or the execution's own timeout reaches no state."""
        execution = events.EventField.from_path("$.detail.name")
        status = events.EventField.from_path("$.detail.status")
        events.Rule(
            self,
            "TrainingEndedSilently",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [workflow.arn], "status": ["ABORTED", "TIMED_OUT"]},
            ),
            targets=[
                targets.SnsTopic(
                    notifications.topic,
                    message=events.RuleTargetInput.from_text(
                        f"Evergreen {self._environment}: training {execution} ended as {status}. The champion is "
                        "unchanged. Train again with: evergreen train"
                    ),
                )
            ],
        )
