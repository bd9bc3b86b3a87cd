"""Alarms on metric math, which ministack refuses in templates. One form is known: IF(a >= NUMBER, b, c).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local import engine

_FORM = re.compile(r"IF\((\w+) >= (\d+), (\w+), (\d+)\)")
# The key of the alarm's record under which ministack itself keeps nothing.
METRICS = "Metrics"


@dataclass(frozen=True)
class Condition:
    """`then` while the metric `least_of` is at least `least`, else a constant. Both are ids of metrics."""

    least_of: str
    least: float
    then: str
    otherwise: float

    @classmethod
    def parse(cls, expression: str) -> "Condition":
        """
        Raises:
            ValueError: the expression has another form.
        """
        found = _FORM.fullmatch(expression)
        if not found:
            raise ValueError(f"the metric math {expression!r} is not known here, only IF(a >= NUMBER, b, c)")
        return cls(found[1], float(found[2]), found[3], float(found[4]))

    def value(self, values: Mapping[str, float | None]) -> float | None:
        """In one period: none without data of the condition, 0 without data of `then`, as the page above says."""
        decides = values[self.least_of]
        if decides is None:
            return None
        return (values[self.then] or 0.0) if decides >= self.least else self.otherwise


def parts_of(alarm: Mapping[str, Any]) -> tuple[Condition, dict[str, Mapping[str, Any]]]:
    """The expression that an alarm on metric math returns, and its metrics by their id."""
    [expression] = [metric["Expression"] for metric in alarm[METRICS] if "Expression" in metric]
    return Condition.parse(expression), {
        metric["Id"]: metric["MetricStat"] for metric in alarm[METRICS] if "MetricStat" in metric
    }


def install() -> None:
    """Let templates have alarms on metric math: the first metric stands as the alarm's own, all are kept beside it.

    ministack evaluates an alarm as soon as it has its record, which therefore must be complete.
    """
    record_of = engine.ALARM_RECORD.get()

    def record(name: str, properties: dict[str, Any]) -> dict[str, Any]:
        if METRICS not in properties:
            return dict(record_of(name, properties))
        _, metrics = parts_of(properties)
        first = next(iter(metrics.values()))
        alone = {key: value for key, value in properties.items() if key != METRICS}
        own = {**first["Metric"], "Period": first["Period"]}
        return {**record_of(name, alone | own), METRICS: properties[METRICS]}

    engine.ALARM_RECORD.replace(record)
