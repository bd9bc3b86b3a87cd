"""Samples for metrics of labels alone: there are few distinct rows, each with a count."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evergreen.judging.samples.sample import Floats
from evergreen.metrics import Metric, Outcomes

# The largest block of draws in memory, in numbers of 8 bytes.
_BLOCK = 1_000_000


class Labels:
    """The distinct rows (the truth and each model's label) with their counts."""

    def __init__(self, metric: Metric, models: Sequence[Outcomes]) -> None:
        self._metric = MEASURES[metric.family]
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


def _balanced_accuracy(counts: Floats, actual: NDArray[Any], predicted: NDArray[Any], classes: int) -> Floats:
    is_actual = np.eye(classes)[actual]
    hits, there = counts @ (is_actual * (actual == predicted)[:, None]), counts @ is_actual
    return _mean_of_ratios(hits, there)


def _f1_macro(counts: Floats, actual: NDArray[Any], predicted: NDArray[Any], classes: int) -> Floats:
    is_actual, is_predicted = (np.eye(classes)[column] for column in (actual, predicted))
    hits = counts @ (is_actual * is_predicted)
    named = counts @ (is_actual + is_predicted)
    return _mean_of_ratios(2 * hits, named)


def _mean_of_ratios(parts: Floats, wholes: Floats) -> Floats:
    """By draw, over the classes; a class that does not occur in a draw does not count in it."""
    ratios = np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)
    means: Floats = ratios.sum(axis=1) / np.count_nonzero(wholes, axis=1)
    return means


MEASURES: dict[str, Callable[..., Floats]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1_macro": _f1_macro,
}
