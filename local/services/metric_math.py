"""Alarms on metric math, which ministack refuses in templates. One form is known: IF(a >= NUMBER, b, c).

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local import engine

_ALARM = "AWS::CloudWatch::Alarm"
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
        """In one period; None if it has no data."""
        decides, then = values[self.least_of], values[self.then]
        if decides is None:
            return None
        return then if decides >= self.least else self.otherwise


def parts_of(alarm: Mapping[str, Any]) -> tuple[Condition, dict[str, Mapping[str, Any]]]:
    """The expression that an alarm on metric math returns, and its metrics by their id."""
    [expression] = [metric["Expression"] for metric in alarm[METRICS] if "Expression" in metric]
    return Condition.parse(expression), {
        metric["Id"]: metric["MetricStat"] for metric in alarm[METRICS] if "MetricStat" in metric
    }


def install() -> None:
    """Let templates have alarms on metric math."""
    handlers = engine.RESOURCE_HANDLERS.get()[_ALARM]
    for verb, position in (("create", 1), ("update", 2)):
        handlers[verb] = _with_metrics(handlers[verb], position)


def _with_metrics(handler: Callable[..., Any], position: int) -> Callable[..., Any]:
    """The handler, which gets the first metric as the alarm's own; its record keeps all of them."""

    def provision(*arguments: Any, **named: Any) -> Any:
        properties = arguments[position]
        if METRICS not in properties:
            return handler(*arguments, **named)
        _, metrics = parts_of(properties)
        first = next(iter(metrics.values()))
        alone = {key: value for key, value in properties.items() if key != METRICS}
        alone |= {
            "MetricName": first["Metric"]["MetricName"],
            "Namespace": first["Metric"]["Namespace"],
            "Dimensions": first["Metric"].get("Dimensions", []),
            "Period": first["Period"],
        }
        answer = handler(*arguments[:position], alone, *arguments[position + 1 :], **named)
        record = engine.ALARMS.get()[answer[0]]
        record[METRICS] = properties[METRICS]
        return answer

    return provision
