"""CloudWatch's embedded metric format: metrics in log lines.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from local import engine

# CloudWatch drops data that is older or newer than this, in seconds.
_OLDEST = 14 * 24 * 3600
_NEWEST = 2 * 3600


def publish(message: str) -> None:
    """Put the metrics of a log line, if it has any, into CloudWatch, which evaluates the alarms on them."""
    if '"_aws"' not in message:
        return
    try:
        document = json.loads(message)
    except ValueError:
        return
    if not isinstance(document, dict):
        return
    for namespace, data in metric_data(document):
        engine.PUT_METRIC_DATA({}, {"Namespace": namespace, "MetricData": data}, False, True)


def metric_data(document: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Namespace and PutMetricData's `MetricData` for each directive; malformed metrics are skipped, as on AWS."""
    metadata = document.get("_aws")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("CloudWatchMetrics"), list):
        return
    timestamp = float(metadata.get("Timestamp", time.time() * 1000)) / 1000
    if not -_OLDEST <= timestamp - time.time() <= _NEWEST:
        return
    for directive in metadata["CloudWatchMetrics"]:
        data = [
            {
                "MetricName": metric["Name"],
                "Unit": metric.get("Unit", "None"),
                "Timestamp": timestamp,
                "Dimensions": [{"Name": name, "Value": str(document[name])} for name in names],
                "Values": values,
            }
            for names in directive.get("Dimensions") or [[]]
            for metric in directive.get("Metrics", [])
            if (values := _numbers(document.get(metric["Name"]))) and all(name in document for name in names)
        ]
        if data:
            yield directive["Namespace"], data


def _numbers(value: Any) -> list[float]:
    found = value if isinstance(value, list) else [value]
    return [float(item) for item in found if isinstance(item, int | float) and not isinstance(item, bool)]
