"""Metrics of a model on labelled rows, and which direction is better. In plain Python, for functions without numpy."""

from evergreen.metrics.metric import (
    CLASSIFICATION,
    METRICS,
    RANKING,
    REGRESSION,
    Constant,
    Metric,
    examples,
    measure_all,
    metric_of,
    why_unknown,
)
from evergreen.metrics.outcomes import Outcomes

__all__ = [
    "CLASSIFICATION",
    "METRICS",
    "RANKING",
    "REGRESSION",
    "Constant",
    "Metric",
    "Outcomes",
    "examples",
    "measure_all",
    "metric_of",
    "why_unknown",
]
