"""Samples for metrics that are a mean of losses, or nearly: those of numbers, and losses of probabilities."""

from collections.abc import Sequence

import numpy as np

from evergreen.judging.samples.sample import Counts, Floats, draw
from evergreen.metrics import Metric, Outcomes

_EPSILON = float(np.finfo(np.float64).eps)
_ROOTS = ("rmse", "rmsle")
OF_LOSSES = ("mape", "mae", *_ROOTS, "r2", "pinball", "log_loss", "brier")
# The density of losses at their median is taken from the losses between these quantiles.
_AROUND = (0.4, 0.6)


def losses(metric: Metric, outcomes: Outcomes) -> Floats:
    """The terms whose mean the metric is, for rmse and rmsle under the root, for r2 the squared errors; as in
    evergreen.metrics.
    """
    if metric.of_probabilities:
        return _of_probabilities(metric.family, outcomes)
    actual, predicted = (np.asarray(each, dtype=np.float64) for each in (outcomes.actual, outcomes.predicted))
    if metric.family == "rmsle":
        actual, predicted = np.log1p(actual), np.log1p(predicted)
    error: Floats = predicted - actual
    if metric.family == "pinball":
        return np.maximum(-metric.level * error, (1 - metric.level) * error)
    if metric.family == "mape":
        return np.abs(error) / np.maximum(np.abs(actual), _EPSILON)
    return np.abs(error) if metric.family == "mae" else error**2


def _of_probabilities(family: str, outcomes: Outcomes) -> Floats:
    place = {label: index for index, label in enumerate(outcomes.classes)}
    column = np.array([place.get(label, -1) for label in outcomes.actual])
    given = np.array(outcomes.probabilities, dtype=np.float64)
    rows, known = np.arange(len(column)), column >= 0
    if family == "log_loss":
        surprise: Floats = -np.log(np.clip(np.where(known, given[rows, column], 0.0), _EPSILON, 1 - _EPSILON))
        return surprise
    given[rows[known], column[known]] -= 1
    errors: Floats = (given**2).sum(axis=1) + ~known
    return errors / 2 if len(outcomes.classes) == 2 else errors


class Losses:
    """The losses, by model and row, of a metric that is their mean or the root of their mean."""

    def __init__(self, metric: Metric, models: Sequence[Outcomes], ceiling: float) -> None:
        self._losses = np.minimum([losses(metric, outcomes) for outcomes in models], ceiling)
        self._root = metric.family in _ROOTS

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
        # No matrix product: BLAS would start threads for it, which wait for each other on a busy machine.
        return self._metric(
            draw(
                generator,
                resamples,
                size,
                self._losses.shape[1],
                lambda counts: np.einsum("mr,r->m", self._losses, counts) / size,
            )
        )

    def differing(self) -> int:
        return int(np.count_nonzero(self._losses[0] != self._losses[-1]))

    def _metric(self, means: Floats) -> Floats:
        return np.sqrt(means) if self._root else means


class Median:
    """The absolute errors, by model and row, of which the metric is the median."""

    def __init__(self, models: Sequence[Outcomes]) -> None:
        self._errors = np.array(
            [np.abs(np.asarray(each.predicted, dtype=np.float64) - np.asarray(each.actual)) for each in models]
        )
        self._orders = [np.argsort(errors) for errors in self._errors]
        self._sorted = [errors[order] for errors, order in zip(self._errors, self._orders, strict=True)]

    def measured(self) -> Floats:
        medians: Floats = np.median(self._errors, axis=1)
        return medians

    def influence(self) -> Floats:
        """Whether a row lies above the median, divided by the density there."""
        low, high = np.quantile(self._errors, _AROUND, axis=1)
        width = (high - low) / (_AROUND[1] - _AROUND[0])
        influence: Floats = np.sign(self._errors - self.measured()[:, None]) / 2 * width[:, None]
        return influence

    def resampled(self, generator: np.random.Generator, resamples: int, size: int) -> Floats:
        middle = [(size - 1) // 2, size // 2]

        def medians(counts: Counts) -> Floats:
            return np.array(
                [
                    errors[np.searchsorted(np.cumsum(counts[order]), middle, side="right")].mean()
                    for errors, order in zip(self._sorted, self._orders, strict=True)
                ]
            )

        return draw(generator, resamples, size, self._errors.shape[1], medians)

    def differing(self) -> int:
        return int(np.count_nonzero(self._errors[0] != self._errors[-1]))


class Determination:
    """Squared errors and truths, by model and row, for r2.

    A truth that costs more than it may is moved so that it costs just that: a wild truth would also make the spread of
    the truths wide, and every error small beside it.
    """

    def __init__(self, models: Sequence[Outcomes], ceiling: float) -> None:
        actual, predicted = (
            np.array([each.actual for each in models], dtype=np.float64),
            np.array([each.predicted for each in models], dtype=np.float64),
        )
        error = np.clip(actual - predicted, -np.sqrt(ceiling), np.sqrt(ceiling))
        self._errors: Floats = error**2
        truths = predicted + error if np.isfinite(ceiling) else actual
        # Centred, so that the difference of two large squares loses no digits.
        self._truths: Floats = truths - truths.mean(axis=1)[:, None]

    def measured(self) -> Floats:
        return self._metric(self._errors.mean(axis=1), (self._truths**2).mean(axis=1))

    def influence(self) -> Floats:
        left, there = (each.mean(axis=1)[:, None] for each in (self._errors, self._truths**2))
        change = left * (self._truths**2 - there) - there * (self._errors - left)
        influence: Floats = np.divide(change, there**2, out=np.zeros_like(change), where=there > 0)
        return influence

    def resampled(self, generator: np.random.Generator, resamples: int, size: int) -> Floats:
        terms = np.concatenate([self._errors, self._truths, self._truths**2])
        means = draw(
            generator, resamples, size, terms.shape[1], lambda counts: np.einsum("mr,r->m", terms, counts) / size
        )
        left, truths, squares = np.split(means, 3)
        return self._metric(left, np.maximum(squares - truths**2, 0.0))

    def differing(self) -> int:
        return int(np.count_nonzero(self._errors[0] != self._errors[-1]))

    def _metric(self, left: Floats, there: Floats) -> Floats:
        """Truths that are all alike: 1 without any error, else 0, as in scikit-learn."""
        metric: Floats = 1 - np.divide(left, there, out=(left > 0).astype(np.float64), where=there > 0)
        return metric
