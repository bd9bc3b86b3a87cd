"""What GetMetricData is asked for.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cli.metrics_export.series import QUANTILES, Kind, Series

MINUTE = 60
# Seconds that quantiles are of, since CloudWatch cannot put those of minutes together; and the values of checks, which
# it has by the minute for two weeks only.
WINDOW = 300
# That one call may have.
MOST_QUERIES = 500

COUNT, SUM = "SampleCount", "Sum"


@dataclass(frozen=True, kw_only=True)
class Query:
    """One statistic of one metric.

    Attributes:
        value: of the series' label; empty without one.
        dimensions: name and value of each.
        period: in seconds.
    """

    series: Series
    value: str
    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: int = MINUTE

    def as_asked(self, id_: str) -> dict[str, Any]:
        """The form of the call."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions]
        metric = {"Namespace": self.namespace, "MetricName": self.series.metric, "Dimensions": dimensions}
        return {"Id": id_, "MetricStat": {"Metric": metric, "Period": self.period, "Stat": self.statistic}}


def queries(series: Series, namespace: str, dimensions: Sequence[tuple[str, str]], value: str = "") -> list[Query]:
    """The statistics of a metric that its series needs: five at most, which AWS charges as one metric."""
    asked = [(series.statistic, WINDOW if series.seldom else MINUTE)]
    if series.kind is Kind.DURATION:
        asked = [(COUNT, MINUTE), (SUM, MINUTE), *((percentile(quantile), WINDOW) for quantile in QUANTILES)]
    return [
        Query(
            series=series,
            value=value,
            namespace=namespace,
            dimensions=tuple(dimensions),
            statistic=statistic,
            period=period,
        )
        for statistic, period in asked
    ]


def percentile(quantile: str) -> str:
    """CloudWatch's name of a quantile: p99 of 0.99."""
    return f"p{float(quantile) * 100:g}"
