"""The resource that a permission to read a dashboard names.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

import json

from local.services.permissions import name_resources


def install() -> None:
    name_resources("monitoring", _dashboard)


def _dashboard(headers: dict, body: bytes, _region: str, account_id: str) -> str | None:
    if not headers.get("x-amz-target", "").endswith(".GetDashboard"):
        return None
    return f"arn:aws:cloudwatch::{account_id}:dashboard/{json.loads(body)['DashboardName']}"
