"""Medians, percentiles and paired ratios."""

import math
import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def paired_ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """The median of the ratios of the same rounds: noise that lasts longer than a round cancels out."""
    return statistics.median(value / reference for value, reference in zip(values, base, strict=True))
