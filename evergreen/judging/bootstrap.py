"""How uncertain a metric is because the holdout is a sample: the bootstrap, for one model and for two on the same rows.

Each draw takes as many rows as there are, with replacement, and computes the metric again. Its spread over many draws
estimates the spread over other holdouts of that size (Efron and Tibshirani 1993, An Introduction to the Bootstrap,
chapters 6, 13 and 16). Both models of a pair get the same draw, so that rows which are hard for both cancel out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

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

    Each bound is the more conservative of two: the percentile of the draws, and their standard error times Student's t.
    The percentile alone is too narrow if there are few rows, or if a few of them dominate (Hesterberg 2015,
    What Teachers Should Know About the Bootstrap).

    Attributes:
        low: the lower bound of the gain, one-sided, at the given confidence.
        high: the upper bound, one-sided, at the same confidence.
        differing: the number of rows on which the models did not do equally well. Only these tell them apart.
    """

    value: float
    low: float
    high: float
    differing: int


def interval(
    metric: str, outcomes: Outcomes, *, seed: int, confidence: float = 0.95, resamples: int = 2000
) -> tuple[float, float]:
    """The two-sided percentile interval of a metric, in its units."""
    [values] = _sample(metric, [outcomes]).resampled(np.random.default_rng(seed), resamples)
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def paired_gain(
    metric: str, candidate: Outcomes, champion: Outcomes, *, seed: int, confidence: float, resamples: int = 2000
) -> Gain:
    """Compare two models on the same rows, in the same order."""
    sample = _sample(metric, [candidate, champion])
    new, old = sample.resampled(np.random.default_rng(seed), resamples)
    value_new, value_old = sample.measured()
    return _gain(metric, value_new - value_old, new - old, confidence, sample.differing())


def unpaired_gain(
    metric: str, candidate: Outcomes, champion: Outcomes, *, seed: int, confidence: float, resamples: int = 2000
) -> Gain:
    """Compare two models, each on its own rows. This is far less powerful, since nothing cancels out."""
    generator = np.random.default_rng(seed)
    samples = [_sample(metric, [outcomes]) for outcomes in (candidate, champion)]
    [new], [old] = (sample.resampled(generator, resamples) for sample in samples)
    [value_new], [value_old] = (sample.measured() for sample in samples)
    rows = min(len(candidate.actual), len(champion.actual))
    return _gain(metric, value_new - value_old, new - old, confidence, rows)


def _gain(metric: str, difference: float, resampled: Floats, confidence: float, differing: int) -> Gain:
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    value, gains = float(sign * difference), sign * resampled
    low, high = np.quantile(gains, [1 - confidence, confidence])
    degrees = max(differing - 1, 1)
    margin = _student(confidence, degrees) * float(gains.std()) * math.sqrt(1 + 1 / degrees)
    return Gain(
        value=value, low=min(float(low), value - margin), high=max(float(high), value + margin), differing=differing
    )


def _student(confidence: float, degrees: int) -> float:
    """The quantile of Student's t by its expansion (Abramowitz and Stegun 1964, 26.7.5); to 1% from ten degrees on."""
    z = NormalDist().inv_cdf(confidence)
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


class _Sample(Protocol):
    """Rows with the outcomes of one or two models."""

    def measured(self) -> Floats:
        """The metric of each model."""

    def resampled(self, generator: np.random.Generator, resamples: int) -> Floats:
        """The metric of each model in each draw: (models, resamples)."""

    def differing(self) -> int:
        """The number of rows on which the first and the last model did not do equally well."""


def _sample(metric: str, models: Sequence[Outcomes]) -> _Sample:
    if metric in _OF_LABELS:
        return _Labels(metric, models)
    return _Losses(np.array([_losses(metric, outcomes) for outcomes in models]), root=metric == "rmse")


class _Losses:
    """The losses, by model and row, of a metric that is their mean or the root of their mean."""

    def __init__(self, losses: Floats, *, root: bool) -> None:
        self._losses, self._root = losses, root

    def measured(self) -> Floats:
        return self._metric(self._losses.mean(axis=1))

    def resampled(self, generator: np.random.Generator, resamples: int) -> Floats:
        models, rows = self._losses.shape
        means = np.empty((models, resamples))
        for number in range(resamples):
            # The count of each row in the draw. One draw at a time, so that memory does not grow with their number.
            counts = np.bincount(generator.integers(rows, size=rows), minlength=rows)
            # No matrix product: BLAS would start threads for it, which wait for each other on a busy machine.
            means[:, number] = np.einsum("mr,r->m", self._losses, counts) / rows
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
        # (truth and models, cells), and the rows of each cell.
        self._cells, self._counts = np.unique(coded, axis=1, return_counts=True)
        self._classes = len(labels)

    def measured(self) -> Floats:
        return self._measure(self._counts[None, :].astype(np.float64))[:, 0]

    def resampled(self, generator: np.random.Generator, resamples: int) -> Floats:
        rows = int(self._counts.sum())
        block = max(1, _BLOCK // len(self._counts))
        drawn = (
            self._measure(
                generator.multinomial(rows, self._counts / rows, min(block, resamples - start)).astype(np.float64)
            )
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
