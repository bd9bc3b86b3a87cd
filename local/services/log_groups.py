"""The resource that a permission to read a log group's events names.

Policies name a group with `:*` at its end: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
"""

import json

from local.services.permissions import name_resources


def install() -> None:
    name_resources("logs", _group)


def _group(headers: dict, body: bytes, region: str, account_id: str) -> str | None:
    if not headers.get("x-amz-target", "").endswith(".FilterLogEvents"):
        return None
    return f"arn:aws:logs:{region}:{account_id}:log-group:{json.loads(body)['logGroupName']}:log-stream:"
