"""The resource that a permission to read a dashboard names, which ministack does not know.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
"""

import json

from local import engine


def install() -> None:
    resource_arn = engine.EXTRACT_RESOURCE_ARN.get()

    def with_dashboards(
        service: str,
        method: str,
        path: str,
        headers: dict,
        body: bytes,
        query_params: dict,
        region: str,
        account_id: str,
    ) -> str:
        if service == "monitoring" and headers.get("x-amz-target", "").endswith(".GetDashboard"):
            return f"arn:aws:cloudwatch::{account_id}:dashboard/{json.loads(body)['DashboardName']}"
        return resource_arn(service, method, path, headers, body, query_params, region, account_id)

    engine.EXTRACT_RESOURCE_ARN.replace(with_dashboards)
