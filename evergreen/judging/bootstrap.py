"""How uncertain a metric is because the holdout is a sample: the bootstrap, for one model and for two on the same rows.

Each draw takes rows with replacement and computes the metric again. Its spread over many draws estimates the spread
over other holdouts (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 6, 13 and 16). Both models of
a pair get the same draw, so that rows which are hard for both cancel out.

A draw takes as many rows as the holdout is worth in independent ones (dependence.py): all of them, if they are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evergreen.judging.dependence import INDEPENDENT, Units, Worth, worth
from evergreen.judging.student import student_quantile
from evergreen.metrics import METRICS, Outcomes

Floats = NDArray[np.float64]

_EPSILON = float(np.finfo(np.float64).eps)
# These classification metrics depend on the labels alone, so there are few distinct rows, each with a count.
_OF_LABELS = ("accuracy", "f1_macro")
# The largest block of draws in memory, in numbers of 8 bytes.
_BLOCK = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better the candidate is than the champion, in the metric's units. Above 0 is better.

    Attributes:
        low: the lower bound of the gain, one-sided, at the given confidence.
        high: the upper bound, one-sided, at the same confidence.
        differing: the number of rows on which the models did not do equally well. Only these tell them apart.
        worth: what the rows tell of the gain.
    """

    value: float
    low: float
    high: float
    differing: int
    worth: Worth

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
    """What each row costs, never below 0: the terms whose mean the metric is, for rmse under the root.

    None for a metric of labels, which no single row can rule.
    """
    return None if metric in _OF_LABELS else _losses(metric, outcomes)


def measure(metric: str, outcomes: Outcomes, *, ceiling: float = math.inf) -> float:
    """The metric of one model, with each row costing `ceiling` at most."""
    return float(_sample(metric, [outcomes], ceiling).measured()[0])


def _gain(metric: str, difference: float, resampled: Floats, confidence: float, differing: int, found: Worth) -> Gain:
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    value = float(sign * difference)
    # Only the rows that differ tell how much the difference varies.
    degrees = max(1, min(found.degrees, math.floor(differing * found.share) - 1))
    low, high = _bounds(value, sign * resampled, confidence, degrees)
    return Gain(value=value, low=low, high=high, differing=differing, worth=found)


def _bounds(value: float, draws: Floats, confidence: float, degrees: int) -> tuple[float, float]:
    """The lower and the upper bound, each at the one-sided confidence.

    Each is the more conservative of two: the percentile of the draws, and their standard error times Student's t. The
    percentile alone is too narrow if there are few rows, or if a few of them dominate (Hesterberg 2015, What Teachers
    Should Know About the Bootstrap).
    """
    low, high = np.quantile(draws, [1 - confidence, confidence])
    margin = student_quantile(confidence, degrees) * float(draws.std()) * math.sqrt(1 + 1 / degrees)
    return min(float(low), value - margin), max(float(high), value + margin)


class _Sample(Protocol):
    """Rows with the outcomes of one or two models."""

    def measured(self) -> Floats:
        """The metric of each model."""

    def influence(self) -> Floats:
        """How much the metric changes with the weight of each row, but for a factor: (models, rows)."""

    def resampled(self, generator: np.random.Generator, resamples: int, size: int) -> Floats:
        """The metric of each model in each draw of `size` rows: (models, resamples)."""

    def differing(self) -> int:
        """The number of rows on which the first and the last model did not do equally well."""


def _sample(metric: str, models: Sequence[Outcomes], ceiling: float = math.inf) -> _Sample:
    if metric in _OF_LABELS:
        return _Labels(metric, models)
    each = np.array([_losses(metric, outcomes) for outcomes in models])
    return _Losses(np.minimum(each, ceiling), root=metric == "rmse")


class _Losses:
    """The losses, by model and row, of a metric that is their mean or the root of their mean."""

    def __init__(self, losses: Floats, *, root: bool) -> None:
        self._losses, self._root = losses, root

    def measured(self) -> Floats:
        return self._metric(self._losses.mean(axis=1))

    def influence(self) -> Floats:
        if not self._root:
            return self._losses
        # The derivative of the root; a model without any error has none.
        roots = self.measured()[:, None]
        influence: Floats = np.divide(self._losses, 2 * roots, out=np.zeros_like(self._losses), where=roots > 0)
        return influence

    def resampled(self, generator: np.random.Generator, resamples: int, size: int) -> Floats:
        models, rows = self._losses.shape
        means = np.empty((models, resamples))
        for number in range(resamples):
            # The count of each row in the draw. One draw at a time, so that memory does not grow with their number.
            counts = np.bincount(generator.integers(rows, size=size), minlength=rows)
            # No matrix product: BLAS would start threads for it, which wait for each other on a busy machine.
            means[:, number] = np.einsum("mr,r->m", self._losses, counts) / size
        return self._metric(means)

    def differing(self) -> int:
        return int(np.count_nonzero(self._losses[0] != self._losses[-1]))

    def _metric(self, means: Floats) -> Floats:
        return np.sqrt(means) if self._root else means


def _losses(metric: str, outcomes: Outcomes) -> Floats:
    """The terms whose mean the metric is, for rmse under the root; as in metrics.py."""
    if metric == "log_loss":
        place = {label: index for index, label in enumerate(outcomes.classes)}
        column = np.array([place.get(label, -1) for label in outcomes.actual])
        given = np.asarray(outcomes.probabilities, dtype=np.float64)[np.arange(len(column)), column]
        given[column < 0] = 0.0
        surprise: Floats = -np.log(np.clip(given, _EPSILON, 1 - _EPSILON))
        return surprise
    actual = np.asarray(outcomes.actual, dtype=np.float64)
    error: Floats = np.abs(np.asarray(outcomes.predicted, dtype=np.float64) - actual)
    if metric == "mape":
        return error / np.maximum(np.abs(actual), _EPSILON)
    return error**2 if metric == "rmse" else error


class _Labels:
    """The distinct rows (the truth and each model's label) with their counts, for a metric of labels."""

    def __init__(self, metric: str, models: Sequence[Outcomes]) -> None:
        self._metric = {"accuracy": _accuracy, "f1_macro": _f1_macro}[metric]
        columns = [models[0].actual, *(outcomes.predicted for outcomes in models)]
        labels = sorted(set().union(*columns))
        place = {label: index for index, label in enumerate(labels)}
        coded = np.array([[place[label] for label in column] for column in columns])
        # (truth and models, cells), the cell of each row, and the rows of each cell.
        self._cells, places, self._counts = np.unique(coded, axis=1, return_inverse=True, return_counts=True)
        self._places = places.reshape(-1)
        self._classes = len(labels)

    def measured(self) -> Floats:
        return self._measure(self._counts[None, :].astype(np.float64))[:, 0]

    def influence(self) -> Floats:
        cells = len(self._counts)
        block = max(1, _BLOCK // cells)
        # The metric with one more row in each cell in turn.
        more = (
            self._measure(self._counts + np.eye(min(block, cells - start), cells, start))
            for start in range(0, cells, block)
        )
        influence: Floats = np.concatenate(list(more), axis=1) - self.measured()[:, None]
        return influence[:, self._places]

    def resampled(self, generator: np.random.Generator, resamples: int, size: int) -> Floats:
        shares = self._counts / self._counts.sum()
        block = max(1, _BLOCK // len(self._counts))
        drawn = (
            self._measure(generator.multinomial(size, shares, min(block, resamples - start)).astype(np.float64))
            for start in range(0, resamples, block)
        )
        return np.concatenate(list(drawn), axis=1)

    def differing(self) -> int:
        return int(self._counts[self._cells[1] != self._cells[-1]].sum())

    def _measure(self, counts: Floats) -> Floats:
        """The metric of each model in each draw; counts is (draws, cells)."""
        actual, *models = self._cells
        return np.array([self._metric(counts, actual, predicted, self._classes) for predicted in models])


def _accuracy(counts: Floats, actual: NDArray[Any], predicted: NDArray[Any], _classes: int) -> Floats:
    shares: Floats = counts @ (actual == predicted).astype(np.float64) / counts.sum(axis=1)
    return shares


def _f1_macro(counts: Floats, actual: NDArray[Any], predicted: NDArray[Any], classes: int) -> Floats:
    is_actual, is_predicted = (np.eye(classes)[column] for column in (actual, predicted))
    hits = counts @ (is_actual * is_predicted)
    named = counts @ (is_actual + is_predicted)
    # A class that occurs in neither truth nor prediction of a draw does not count in that draw.
    scores = np.divide(2 * hits, named, out=np.zeros_like(hits), where=named > 0)
    means: Floats = scores.sum(axis=1) / np.count_nonzero(named, axis=1)
    return means
