"""Notify: CloudWatch alarms invoke it. It sends people a message through SNS that explains the alarm."""

import json
import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names
from functions.notify.wording import Alarm, compose, is_told_already

logger = Logger()


@cache
def _client(service: str) -> Any:
    return boto3.client(service)


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """
    Args:
        event: as CloudWatch invokes a function as an alarm's action:
            https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
    """
    data = event["alarmData"]
    if data["state"]["value"] != "ALARM" and data.get("previousState", {}).get("value") != "ALARM":
        # A new alarm whose first state is OK.
        return
    stack = os.environ[names.STACK_NAME]
    alarm = Alarm(
        stack=stack,
        name=data["alarmName"].removeprefix(f"{stack} "),
        firing=data["state"]["value"] == "ALARM",
        description=data.get("configuration", {}).get("description", ""),
        reason=data["state"].get("reason", ""),
        # To the second, UTC.
        changed=f"{data['state'].get('timestamp', event.get('time', ''))[:19]} UTC",
    )
    check = _newest_check()
    if is_told_already(alarm, check):
        logger.info("told already", extra={"alarm": data["alarmName"]})
        return
    message = compose(alarm, check)
    chat = os.environ[names.MESSAGE_FORMAT] == names.FORMAT_CHAT
    _client("sns").publish(
        TopicArn=os.environ[names.TOPIC],
        Subject=message.subject,
        Message=json.dumps(message.as_chat()) if chat else message.as_text(),
    )
    logger.info("notified", extra={"alarm": data["alarmName"], "subject": message.subject})


def _newest_check() -> dict[str, Any]:
    key = names.latest_check_key(os.environ[names.MODEL_NAME])
    s3 = _client("s3")
    try:
        return dict(json.loads(s3.get_object(Bucket=os.environ[names.CAPTURE_BUCKET], Key=key)["Body"].read()))
    except s3.exceptions.NoSuchKey:
        return {}
