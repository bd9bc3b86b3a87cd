"""What is known of a stack at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from evergreen.versions.champion import Champion


@dataclass(frozen=True, kw_only=True)
class Duration:
    """
    Attributes:
        count, seconds: since the exporter's start.
        quantiles: in seconds, by QUANTILES; NaN without requests.
        window_requests: in the five minutes of the quantiles.
    """

    count: float
    seconds: float
    quantiles: Mapping[str, float]
    window_requests: float


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """
    Attributes:
        values: of counters and gauges, by the name of the series and the value of its label, empty without one.
        durations: by the name of the series.
        alarms: OK, ALARM or INSUFFICIENT_DATA, by the alarm's name after the stack's.
        champion: None if there is none, or none has been read.
        cloudwatch_up, bucket_up: whether all that was asked last has been answered.
        metrics_at: when metrics were last read; None if they never were.
    """

    values: Mapping[tuple[str, str], float] = field(default_factory=dict)
    durations: Mapping[str, Duration] = field(default_factory=dict)
    alarms: Mapping[str, str] = field(default_factory=dict)
    champion: Champion | None = None
    cloudwatch_up: bool = False
    bucket_up: bool = False
    metrics_at: datetime | None = None
