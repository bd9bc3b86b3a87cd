"""Measures of predicted numbers, and the constants that are best by them."""

import math
from collections.abc import Sequence
from statistics import median

from evergreen.metrics.outcomes import EPSILON, Outcomes, mean, pairs


def mape(outcomes: Outcomes) -> float:
    """Mean absolute percentage error, as a share: 0.07 is 7%."""
    return mean([abs(p - a) / max(abs(a), EPSILON) for a, p in pairs(outcomes)])


def mae(outcomes: Outcomes) -> float:
    """Mean absolute error, in units of the target."""
    return mean([abs(p - a) for a, p in pairs(outcomes)])


def median_absolute_error(outcomes: Outcomes) -> float:
    """Median of the absolute errors, in units of the target."""
    return float(median([abs(p - a) for a, p in pairs(outcomes)]))


def rmse(outcomes: Outcomes) -> float:
    """Root of the mean squared error, in units of the target."""
    return math.sqrt(mean([(p - a) ** 2 for a, p in pairs(outcomes)]))


def rmsle(outcomes: Outcomes) -> float:
    """Root of the mean squared difference of the logarithms of 1 + target: of relative errors, for small ones."""
    if any(a <= -1 or p <= -1 for a, p in pairs(outcomes)):
        return math.nan
    return math.sqrt(mean([(math.log1p(p) - math.log1p(a)) ** 2 for a, p in pairs(outcomes)]))


def r2(outcomes: Outcomes) -> float:
    """Coefficient of determination: 1 without any error, 0 for the mean of the rows' own targets."""
    if len(outcomes.actual) < 2:
        return math.nan
    middle = mean(outcomes.actual)
    left = math.fsum((a - p) ** 2 for a, p in pairs(outcomes))
    there = math.fsum((a - middle) ** 2 for a in outcomes.actual)
    return 1 - left / there if there else float(not left)


def pinball(outcomes: Outcomes, *, level: float) -> float:
    """Mean pinball loss of a predicted quantile, in units of the target: the quantile itself has the least."""
    return mean([max(level * (a - p), (level - 1) * (a - p)) for a, p in pairs(outcomes)])


def quantile(targets: Sequence[float], *, level: float) -> float:
    """With linear interpolation between two targets, as in numpy."""
    ordered = sorted(targets)
    place = level * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def relative_median(targets: Sequence[float]) -> float:
    """The median of targets that weigh 1 / target each: no other constant has a smaller mape."""
    ordered = sorted((target, 1 / max(abs(target), EPSILON)) for target in targets)
    half = math.fsum(weight for _, weight in ordered) / 2
    weighed = 0.0
    for target, weight in ordered:
        weighed += weight
        if weighed >= half:
            return float(target)
    return float(ordered[-1][0])


def logarithmic_mean(targets: Sequence[float]) -> float:
    """What the mean of the logarithms of 1 + target stands for."""
    return math.expm1(mean([math.log1p(target) for target in targets]))
