"""Alarms on the endpoint, the captures and the checks."""

import math
from typing import Unpack

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment, StackSettings
from infra.monitoring.alarm import AlarmOptions, alarm
from infra.monitoring.capture import Capture
from infra.monitoring.metrics import capture_freshness, gateway_metric, incoming_records, own_metric
from infra.monitoring.notifier import Notifier
from infra.notifications import Notifications
from infra.serving.serving import Serving

PERIOD = Duration.minutes(5)
_PATIENT = Duration.minutes(15)
# Of so many requests that are all sampled with the same probability, times that, one is: the chance of none is e^-14.
_SURELY_SAMPLED = 14
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
        serving: Serving,
        capture: Capture,
        notifications: Notifications,
        notifier: Notifier,
    ) -> None:
        super().__init__(scope, id_)
        self.all: list[cloudwatch.IAlarm] = []
        self._deployment = deployment
        self._action: cloudwatch.IAlarmAction = notifier.action
        self._topic = actions.SnsAction(notifications.topic)
        self._of_the_endpoint(deployment.settings)
        self._of_the_services(serving)
        self._of_the_checks()
        self._of_the_capture(capture, serving.function.log_group, deployment.settings)
        self._of_dead_letters(notifications.dead_letters)

    def _of_the_capture(self, capture: Capture, log_group: logs.LogGroup, settings: StackSettings) -> None:
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
        if settings.log_sample:
            # Rests on no other name than that of the stream, and notices what DeliveryErrors does not count.
            self._alarm(
                "capture missing",
                self._of_enough_requests(
                    self._own(names.METRIC_SERVICE, names.PREDICTION_DURATION, "SampleCount", period=_PATIENT),
                    incoming_records(capture, period=_PATIENT),
                    least=math.ceil(_SURELY_SAMPLED / settings.log_sample),
                    otherwise=1,
                ),
                threshold=1,
                below=True,
                # Records come some seconds after their requests, maybe in the next period.
                periods=2,
                description=f"For half an hour, no record of the predictions has reached Firehose. {remedy}",
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
            self._share(names.REJECTED_REQUESTS, "Average", settings.minimum_requests),
            threshold=settings.rejected_share,
            description=f"More than {settings.rejected_share:.0%} of at least {settings.minimum_requests} requests in "
            "five minutes did not fit the model's contract: a caller sends other fields or values than the model was "
            "trained on. The predict function's log names them in its lines 'rejected'.",
        )
        self._alarm(
            names.ALARM_LATENCY,
            self._share(names.PREDICTION_DURATION, "p99", settings.minimum_requests),
            threshold=settings.latency_p99_ms,
            description=f"One prediction request in a hundred, of at least {settings.minimum_requests} in five "
            f"minutes, took longer than {settings.latency_p99_ms:g} ms inside the function.",
        )
        self._alarm(
            "champion not looked at",
            # The smallest of ones and zeros: one look that went well is enough.
            self._own(names.METRIC_SERVICE, names.CHAMPION_REFRESH_FAILURES, "Minimum", period=_PATIENT),
            threshold=0,
            description="Each look at which version is champion has failed for fifteen minutes. The endpoint answers "
            "as ever, with the version that it has; a promotion or a rollback since then is not served. The cause is "
            "in the predict function's log.",
        )

    def _of_the_services(self, serving: Serving) -> None:
        """What the predict function does not live to count: AWS counts it."""
        function = serving.function.lambda_function
        self._alarm(
            "crashed requests",
            function.metric_errors(period=PERIOD, statistic="Sum"),
            threshold=0,
            description="A request of the last five minutes ended the predict function: it took longer than its time "
            "limit, ran out of memory, or its answer was longer than Lambda takes. The caller got a 5xx. The end of "
            "the request is in the predict function's log.",
        )
        self._alarm(
            "throttled requests",
            function.metric_throttles(period=PERIOD, statistic="Sum"),
            threshold=0,
            description="Lambda refused to run the predict function in the last five minutes: the account's limit of "
            "concurrent executions is reached. The callers got a 5xx. Ask for a higher limit under Service Quotas, "
            "Lambda, or lower the traffic.",
        )
        self._alarm(
            "gateway errors",
            gateway_metric(serving, "5xx", period=PERIOD),
            threshold=0,
            description="Callers of the endpoint got a 5xx in the last five minutes. If no alarm on prediction errors, "
            "crashed or throttled requests says why, no model has been promoted yet (503), or the gateway may not "
            "invoke the function.",
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

    def _share(self, metric: str, statistic: str, least: int) -> cloudwatch.MathExpression:
        """A metric that each request writes; 0 in a period with fewer requests: of six, one is a share of 17%."""
        requests, value = (self._own(names.METRIC_SERVICE, metric, each) for each in ("SampleCount", statistic))
        return self._of_enough_requests(requests, value, least=least, otherwise=0)

    def _of_enough_requests(
        self, requests: cloudwatch.Metric, value: cloudwatch.Metric, *, least: int, otherwise: int
    ) -> cloudwatch.MathExpression:
        """The value of periods with at least so many requests, else a number. Without data the value is 0."""
        return cloudwatch.MathExpression(
            expression=f"IF(requests >= {least}, value, {otherwise})",
            label=value.metric_name,
            using_metrics={"value": value, "requests": requests},
            period=requests.period,
        )

    def _own(self, service: str, metric: str, statistic: str, *, period: Duration = PERIOD) -> cloudwatch.Metric:
        return own_metric(self._deployment, service, metric, statistic, period=period)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        *,
        action: cloudwatch.IAlarmAction | None = None,
        **options: Unpack[AlarmOptions],
    ) -> None:
        self.all.append(alarm(self, self._deployment, name, metric, action=action or self._action, **options))
