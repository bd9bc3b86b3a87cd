"""Alarms on the endpoint, the captures and the checks."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment, StackSettings
from infra.monitoring.capture import Capture
from infra.monitoring.metrics import capture_freshness, own_metric
from infra.monitoring.notifier import Notifier
from infra.notifications import Notifications

PERIOD = Duration.minutes(5)
# A record is in S3 a minute after its prediction, or two.
_STALE_SECONDS = 900


class Alarms(Construct):
    """Each alarm is told when it fires and when it is over."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        capture: Capture,
        log_group: logs.LogGroup,
        notifications: Notifications,
        notifier: Notifier,
    ) -> None:
        """
        Args:
            log_group: of the predict function, which the captures come from.
        """
        super().__init__(scope, id_)
        self.all: list[cloudwatch.IAlarm] = []
        self._deployment = deployment
        self._action: cloudwatch.IAlarmAction = notifier.action
        self._topic = actions.SnsAction(notifications.topic)
        self._of_the_endpoint(deployment.settings)
        self._of_the_checks()
        self._of_the_capture(capture, log_group)
        self._of_dead_letters(notifications.dead_letters)

    def _of_the_capture(self, capture: Capture, log_group: logs.LogGroup) -> None:
        """What is not captured is neither checked nor learned from; no caller would notice."""
        remedy = (
            "Predictions are answered as ever. What is missing in S3 is still in the predict function's log; the "
            "capture log names the cause."
        )
        self._alarm(
            "capture refused",
            cloudwatch.Metric(
                namespace="AWS/Logs",
                metric_name="DeliveryErrors",
                dimensions_map={
                    "LogGroupName": log_group.log_group_name,
                    "DestinationType": "Firehose",
                    "FilterName": capture.predictions_filter,
                },
                statistic="Sum",
                period=PERIOD,
            ),
            threshold=0,
            description=f"Records of predictions could not be handed to Firehose. {remedy}",
        )
        self._alarm(
            "capture late",
            capture_freshness(capture, period=PERIOD),
            threshold=_STALE_SECONDS,
            description=f"Records of predictions have waited for more than {_STALE_SECONDS // 60} minutes on their way "
            f"to S3. {remedy}",
        )

    def _of_dead_letters(self, queue: sqs.Queue) -> None:
        """Told by SNS alone: what could not be told may be why it fires."""
        self._alarm(
            "work left undone",
            cloudwatch.Metric(
                namespace="AWS/SQS",
                metric_name="ApproximateNumberOfMessagesVisible",
                dimensions_map={"QueueName": queue.queue_name},
                statistic="Maximum",
                period=PERIOD,
            ),
            threshold=0,
            description="A drift check, a notification or the release of a training's lease failed after all its "
            f"retries. The cause is in the log of the function; what it was to do lies in the queue "
            f"{queue.queue_name}. Check again with: evergreen drift -e {self._deployment.environment.name}",
            action=self._topic,
        )

    def _of_the_endpoint(self, settings: StackSettings) -> None:
        self._alarm(
            "prediction errors",
            self._own(names.METRIC_SERVICE, names.PREDICTION_ERRORS, "Sum"),
            threshold=0,
            description="A prediction failed in the last five minutes. The cause is in the predict function's log.",
        )
        self._alarm(
            names.ALARM_REJECTED,
            self._of_enough_requests(names.REJECTED_REQUESTS, "Average", settings.minimum_requests),
            threshold=settings.rejected_share,
            description=f"More than {settings.rejected_share:.0%} of at least {settings.minimum_requests} requests in "
            "five minutes did not fit the model's contract: a caller sends other fields or values than the model was "
            "trained on. The predict function's log names them in its lines 'rejected'.",
        )
        self._alarm(
            names.ALARM_LATENCY,
            self._of_enough_requests(names.PREDICTION_DURATION, "p99", settings.minimum_requests),
            threshold=settings.latency_p99_ms,
            description=f"One prediction request in a hundred, of at least {settings.minimum_requests} in five "
            f"minutes, took longer than {settings.latency_p99_ms:g} ms inside the function.",
        )

        self._alarm(
            "champion not looked at",
            # The smallest of ones and zeros: one look that went well is enough.
            own_metric(
                self._deployment,
                names.METRIC_SERVICE,
                names.CHAMPION_REFRESH_FAILURES,
                "Minimum",
                period=Duration.minutes(15),
            ),
            threshold=0,
            description="Each look at which version is champion has failed for fifteen minutes. The endpoint answers "
            "as ever, with the version that it has; a promotion or a rollback since then is not served. The cause is "
            "in the predict function's log.",
        )

    def _of_the_checks(self) -> None:
        show = f"See what was found with: evergreen drift -e {self._deployment.environment.name}"
        for name, metric, what in (
            (
                names.ALARM_DRIFT,
                names.DRIFT_DETECTED,
                "The rows in requests no longer look like those that the model was judged on",
            ),
            (names.ALARM_QUALITY, names.QUALITY_FELL, "Labelled predictions are worse than the holdout promised"),
            (names.ALARM_BROKEN_INPUT, names.BROKEN_INPUT, "Captured records cannot be read, or break the contract"),
        ):
            self._alarm(
                name,
                self._own(names.MONITORING_SERVICE, metric, "Maximum"),
                threshold=0,
                description=f"{what}. {show}",
                # A check comes once in hours, and leaves out what it cannot tell: in between nothing has changed.
                missing=cloudwatch.TreatMissingData.IGNORE,
            )

    def _of_enough_requests(self, metric: str, statistic: str, requests: int) -> cloudwatch.MathExpression:
        """A metric that each request writes; 0 in a period with fewer requests: of six, one is a share of 17%."""
        return cloudwatch.MathExpression(
            expression=f"IF(requests >= {requests}, value, 0)",
            label=metric,
            using_metrics={
                "value": self._own(names.METRIC_SERVICE, metric, statistic),
                "requests": self._own(names.METRIC_SERVICE, metric, "SampleCount"),
            },
            period=PERIOD,
        )

    def _own(self, service: str, metric: str, statistic: str) -> cloudwatch.Metric:
        return own_metric(self._deployment, service, metric, statistic, period=PERIOD)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: float,
        description: str,
        # No requests is no trouble.
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
        action: cloudwatch.IAlarmAction | None = None,
    ) -> None:
        """An alarm that fires above the threshold."""
        alarm = cloudwatch.Alarm(
            self,
            name.title().replace(" ", ""),
            # The one physical name of the stack: it is the subject of the message that a person gets.
            alarm_name=f"{self._deployment.stack_name} {name}",
            alarm_description=description,
            metric=metric,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=threshold,
            evaluation_periods=1,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(action or self._action)
        alarm.add_ok_action(action or self._action)
        self.all.append(alarm)
