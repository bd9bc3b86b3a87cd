"""The metrics that a template's alarms and its dashboard look at."""

import json
from collections.abc import Iterator
from typing import Any

from tests.infrastructure.conftest import Template


def of_alarms(template: Template) -> Iterator[tuple[str, str, list[str]]]:
    """Namespace, name and names of the dimensions."""
    for alarm in template.properties("AWS::CloudWatch::Alarm").values():
        for metric in [part["MetricStat"]["Metric"] for part in parts_of(alarm)] or [alarm]:
            yield metric["Namespace"], metric["MetricName"], [each["Name"] for each in metric.get("Dimensions", [])]


def of_dashboard(template: Template) -> Iterator[tuple[str, str, list[str]]]:
    """The same of each line that is no search."""
    body = json.loads(template.only("AWS::CloudWatch::Dashboard")["DashboardBody"])
    for widget in body["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], str):
                namespace, name, *rest = (part for part in metric if isinstance(part, str))
                yield namespace, name, rest[::2]


def parts_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics in an alarm's expression; none if it looks at one metric alone."""
    return [part for part in alarm.get("Metrics", []) if "MetricStat" in part]
