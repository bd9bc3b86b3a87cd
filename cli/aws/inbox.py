"""Receives the notifications of a deployed stack, in place of a mailbox."""

import json
import time
from dataclasses import dataclass

from cli.aws.target import Target
from cli.console import console
from evergreen import names
from evergreen.errors import CommandFailed

# Seconds to wait for a notification.
_PATIENCE = 60


@dataclass(frozen=True)
class Notification:
    """A message as SNS delivered it; an alarm's is JSON."""

    subject: str
    message: str


class Inbox:
    """A queue that subscribes to the notification topic in place of a mailbox."""

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

    def take(self, *, seconds: int, most: int = 10) -> list[Notification]:
        """What has come, or else what comes first within some seconds, 20 at most.

        Args:
            most: how many are taken, 10 at most; the others wait.
        """
        taken = []
        answer = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=seconds, MaxNumberOfMessages=most)
        for message in answer.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            envelope = json.loads(message["Body"])
            taken.append(Notification(subject=envelope.get("Subject", ""), message=envelope["Message"]))
        return taken

    def receive(self, containing: str = "") -> Notification:
        """Wait for the next notification whose message contains a text; others are dropped.

        Raises:
            CommandFailed: none arrived in time.
        """
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            for notification in self.take(seconds=5, most=1):
                if containing in notification.message:
                    return notification
        raise CommandFailed(f"no notification arrived within {_PATIENCE} s")


def show(notification: Notification) -> None:
    """Print a notification as the mail would read."""
    console.print(f"  Subject: {notification.subject}", markup=False, soft_wrap=True)
    for line in notification.message.splitlines():
        console.print(f"  {line}", style="yellow", markup=False, soft_wrap=True)
