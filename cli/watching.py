"""Reads what a running stack says of itself: metrics, alarms, notifications."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cli.target import Target
from evergreen import names
from evergreen.errors import CommandFailed

# Seconds to wait for a notification.
_PATIENCE = 60


@dataclass(frozen=True)
class Statistics:
    """Of one metric over the last hour."""

    count: float
    total: float

    @property
    def average(self) -> float:
        return self.total / self.count if self.count else 0.0


@dataclass(frozen=True)
class Notification:
    """An alarm's message, as SNS delivered it."""

    subject: str
    description: str
    reason: str


def metric_sums(target: Target) -> dict[str, Statistics]:
    """The predict function's metrics over the last hour, by name."""
    cloudwatch = target.client("cloudwatch")
    now = datetime.now(UTC)
    sums = {}
    for name in (names.PREDICTIONS, names.PREDICTION_DURATION, names.PREDICTION_ERRORS, names.REJECTED_REQUESTS):
        points = cloudwatch.get_metric_statistics(
            Namespace=names.metric_namespace(target.environment),
            MetricName=name,
            Dimensions=[{"Name": "service", "Value": names.METRIC_SERVICE}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["SampleCount", "Sum"],
        )["Datapoints"]
        sums[name] = Statistics(
            count=sum(point["SampleCount"] for point in points), total=sum(point["Sum"] for point in points)
        )
    return sums


def alarm_state(target: Target, metric: str) -> str:
    """The state of the alarm on a metric: OK, ALARM or INSUFFICIENT_DATA."""
    answer = target.client("cloudwatch").describe_alarms_for_metric(
        Namespace=names.metric_namespace(target.environment),
        MetricName=metric,
        Dimensions=[{"Name": "service", "Value": names.METRIC_SERVICE}],
    )
    return str(answer["MetricAlarms"][0]["StateValue"])


class Inbox:
    """A queue that is subscribed to the notification topic, as a person's mail box would be."""

    def __init__(self, target: Target) -> None:
        self._sqs = target.client("sqs")
        topic = target.outputs[names.OUTPUT_TOPIC]
        self._url = self._sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        target.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def receive(self) -> Notification:
        """The first notification that has come in, waited for.

        Raises:
            CommandFailed: none came.
        """
        for _ in range(_PATIENCE // 20):
            messages = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=20).get("Messages")
            if messages:
                envelope = json.loads(messages[0]["Body"])
                alarm = json.loads(envelope["Message"])
                return Notification(
                    subject=envelope["Subject"],
                    description=alarm["AlarmDescription"],
                    reason=alarm["NewStateReason"],
                )
        raise CommandFailed(f"no notification arrived within {_PATIENCE} s")
