"""How uncertain a metric is because the holdout is a sample: the bootstrap, for one model and for two on the same rows.

Each draw takes rows with replacement and computes the metric again. Its spread over many draws estimates the spread
over other holdouts (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 6, 13 and 16). Both models of
a pair get the same draw, so that rows which are hard for both cancel out.

A draw takes as many rows as the holdout is worth in independent ones (dependence.py): all of them, if they are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evergreen.judging.dependence import INDEPENDENT, Units, Worth, worth
from evergreen.judging.samples import labels, numbers, ranks
from evergreen.judging.samples.sample import Floats, Sample
from evergreen.judging.student import normal_score, student_quantile
from evergreen.metrics import Outcomes, metric_of


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better the candidate is than the champion, in the metric's units. Above 0 is better.

    Attributes:
        low: the lower bound of the gain, one-sided, at the given confidence.
        high: the upper bound, one-sided, at the same confidence.
        differing: the number of rows on which the models did not do equally well. Only these tell them apart.
        worth: what the rows tell of the gain.
        score: the gain in standard errors; with few rows, the standard normal number that is as improbable.
    """

    value: float
    low: float
    high: float
    differing: int
    worth: Worth
    score: float

    @property
    def differing_worth(self) -> float:
        """The number of independent rows on which the models did not do equally well."""
        return self.differing * self.worth.share


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A metric of one model, in the metric's units, with its two-sided interval and what the rows tell of it."""

    value: float
    low: float
    high: float
    worth: Worth


def estimate(
    metric: str,
    outcomes: Outcomes,
    *,
    units: Units = INDEPENDENT,
    ceiling: float = math.inf,
    seed: int,
    confidence: float = 0.95,
    resamples: int = 2000,
) -> Estimate:
    """Measure one model.

    Args:
        ceiling: the most that a row may cost, as `losses` gives it.
    """
    sample = _sample(metric, [outcomes], ceiling)
    found = worth(sample.influence()[0], units)
    [values] = sample.resampled(np.random.default_rng(seed), resamples, found.independent)
    [value] = sample.measured()
    low, high = _bounds(float(value), values, (1 + confidence) / 2, found.degrees)
    return Estimate(value=float(value), low=low, high=high, worth=found)


def paired_gain(
    metric: str,
    candidate: Outcomes,
    champion: Outcomes,
    *,
    units: Units = INDEPENDENT,
    seed: int,
    confidence: float,
    resamples: int = 2000,
) -> Gain:
    """Compare two models on the same rows, in the same order."""
    sample = _sample(metric, [candidate, champion])
    influence_new, influence_old = sample.influence()
    found = worth(influence_new - influence_old, units)
    new, old = sample.resampled(np.random.default_rng(seed), resamples, found.independent)
    value_new, value_old = sample.measured()
    return _gain(metric, value_new - value_old, new - old, confidence, sample.differing(), found)


def unpaired_gain(
    metric: str,
    candidate: Outcomes,
    champion: Outcomes,
    *,
    units: tuple[Units, Units] = (INDEPENDENT, INDEPENDENT),
    ceiling: float = math.inf,
    seed: int,
    confidence: float,
    resamples: int = 2000,
) -> Gain:
    """Compare two models, each on its own rows. This is far less powerful, since nothing cancels out.

    Args:
        units: of the candidate's rows, and of the champion's.
        ceiling: the most that a row may cost, as `losses` gives it.
    """
    generator = np.random.default_rng(seed)
    samples = [_sample(metric, [outcomes], ceiling) for outcomes in (candidate, champion)]
    worths = [worth(sample.influence()[0], unit) for sample, unit in zip(samples, units, strict=True)]
    [new], [old] = (
        sample.resampled(generator, resamples, found.independent) for sample, found in zip(samples, worths, strict=True)
    )
    [value_new], [value_old] = (sample.measured() for sample in samples)
    least = min(worths, key=lambda found: found.degrees)
    return _gain(metric, value_new - value_old, new - old, confidence, least.rows, least)


def losses(metric: str, outcomes: Outcomes) -> Floats | None:
    """What each row costs, never below 0: the terms whose mean the metric is, for rmse and rmsle under the root, for r2
    the squared errors.

    None for a metric of labels or ranks, or a median, which no single row can rule.
    """
    found = metric_of(metric)
    return numbers.losses(found, outcomes) if found.family in numbers.OF_LOSSES else None


def measure(metric: str, outcomes: Outcomes, *, ceiling: float = math.inf) -> float:
    """The metric of one model, with each row costing `ceiling` at most."""
    return float(_sample(metric, [outcomes], ceiling).measured()[0])


def _gain(metric: str, difference: float, resampled: Floats, confidence: float, differing: int, found: Worth) -> Gain:
    sign = 1.0 if metric_of(metric).higher_is_better else -1.0
    value = float(sign * difference)
    # Only the rows that differ tell how much the difference varies.
    degrees = max(1, min(found.degrees, math.floor(differing * found.share) - 1))
    low, high = _bounds(value, sign * resampled, confidence, degrees)
    error = _standard_error(resampled, degrees)
    score = normal_score(value / error, degrees) if error else 0.0
    return Gain(value=value, low=low, high=high, differing=differing, worth=found, score=score)


def _bounds(value: float, draws: Floats, confidence: float, degrees: int) -> tuple[float, float]:
    """The lower and the upper bound, each at the one-sided confidence.

    Each is the more conservative of two: the percentile of the draws, and their standard error times Student's t. The
    percentile alone is too narrow if there are few rows, or if a few of them dominate (Hesterberg 2015, What Teachers
    Should Know About the Bootstrap).
    """
    low, high = np.quantile(draws, [1 - confidence, confidence])
    margin = student_quantile(confidence, degrees) * _standard_error(draws, degrees)
    return min(float(low), value - margin), max(float(high), value + margin)


def _standard_error(draws: Floats, degrees: int) -> float:
    """That of a metric, by its draws, which vary a little too little."""
    return float(draws.std()) * math.sqrt(1 + 1 / degrees)


def _sample(metric: str, models: Sequence[Outcomes], ceiling: float = math.inf) -> Sample:
    found = metric_of(metric)
    if found.family in labels.MEASURES:
        return labels.Labels(found, models)
    if found.family in ranks.MEASURES:
        return ranks.Ranks(found, models)
    if found.family == "median_absolute_error":
        return numbers.Median(models)
    return numbers.Determination(models, ceiling) if found.family == "r2" else numbers.Losses(found, models, ceiling)
