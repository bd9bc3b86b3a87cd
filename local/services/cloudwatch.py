"""The resource that a permission to read a dashboard names, and the condition of one to write metrics.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

import json

from local.services.permissions import add_conditions, name_resources


def install() -> None:
    name_resources("monitoring", _dashboard)
    add_conditions("monitoring", "PutMetricData", _namespace)


def _dashboard(headers: dict, body: bytes, _region: str, account_id: str) -> str | None:
    if not headers.get("x-amz-target", "").endswith(".GetDashboard"):
        return None
    return f"arn:aws:cloudwatch::{account_id}:dashboard/{json.loads(body)['DashboardName']}"


def _namespace(body: bytes) -> dict[str, str]:
    return {"cloudwatch:namespace": json.loads(body)["Namespace"]}
