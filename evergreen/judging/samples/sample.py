"""What every kind of sample can do."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int_]


class Sample(Protocol):
    """Rows with the outcomes of one or two models."""

    def measured(self) -> Floats:
        """The metric of each model."""

    def influence(self) -> Floats:
        """How much the metric changes with the weight of each row, but for a factor: (models, rows)."""

    def resampled(self, generator: np.random.Generator, resamples: int, size: int) -> Floats:
        """The metric of each model in each draw of `size` rows: (models, draws). Always finite."""

    def differing(self) -> int:
        """The number of rows on which the first and the last model did not do equally well."""


def draw(
    generator: np.random.Generator, resamples: int, size: int, rows: int, measure: Callable[[Counts], Floats]
) -> Floats:
    """What each draw measures: (models, resamples). One draw at a time, so that memory does not grow with their number.

    Args:
        measure: takes the count of each row in the draw, and gives a number for each model.
    """
    return np.stack(
        [measure(np.bincount(generator.integers(rows, size=size), minlength=rows)) for _ in range(resamples)],
        axis=1,
    )
