"""Streams of labelled rows, period by period, whose truth is known: what each means is said beside it.

- SEA: three numbers from 0 to 10, of which two count: the label says whether their sum is at most a threshold. Its four
  concepts have the thresholds 8, 9, 7 and 9.5, and one label in ten is wrong (Street and Kim 2001, A Streaming Ensemble
  Algorithm, doi:10.1145/502512.502568).
- A rotating hyperplane: ten numbers from 0 to 1, and the label says on which side of a plane a row lies, whose weights
  move a little with each row; one label in twenty is wrong (Hulten, Spencer and Domingos 2001, Mining Time-Changing
  Data Streams, doi:10.1145/502512.502529).
- STAGGER: three features of three values each, and three concepts that follow each other: small and red; green or a
  circle; medium or large (Schlimmer and Granger 1986, Incremental Learning from Noisy Data, doi:10.1007/BF00116895).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int_]
# Of one period: features of shape (rows, features), and labels 0 or 1.
Rows = tuple[Floats, Labels]

_SEA = (8.0, 9.0, 7.0, 9.5)
_SEA_NOISE, _HYPERPLANE_NOISE = 0.1, 0.05
_DIMENSIONS = 10
# A weight of the hyperplane turns back with this probability at each row.
_TURNS = 0.1 / 100


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A world that rows come from.

    Attributes:
        about: for the page.
        world: takes the number of periods, rows of a period, and a generator; gives a function that draws rows of a
            period, so that the same period can be drawn twice.
    """

    about: str
    world: "World"


# Draws rows of a period: its number, how many rows, and the generator.
Draw = Callable[[int, int, np.random.Generator], Rows]
World = Callable[[int, int, np.random.Generator], Draw]


def _sea(concept: Callable[[float, np.random.Generator, int], Floats]) -> World:
    """
    Args:
        concept: the threshold of each row, by how much of the stream has passed (0 to 1).
    """

    def world(periods: int, _rows: int, _generator: np.random.Generator) -> Draw:
        def draw(period: int, rows: int, generator: np.random.Generator) -> Rows:
            features = generator.uniform(0, 10, (rows, 3))
            thresholds = concept(period / periods, generator, rows)
            return features, _noisy(features[:, 0] + features[:, 1] <= thresholds, _SEA_NOISE, generator)

        return draw

    return world


def _abrupt(passed: float, _generator: np.random.Generator, rows: int) -> Floats:
    return np.full(rows, _SEA[int(passed * len(_SEA))])


def _gradual(passed: float, generator: np.random.Generator, rows: int) -> Floats:
    """Each concept gives way to the next one row by row: in the second half of its time ever more rows are of it."""
    place, share = divmod(passed * len(_SEA), 1)
    now, following = _SEA[int(place)], _SEA[min(int(place) + 1, len(_SEA) - 1)]
    return np.where(generator.random(rows) < max(0.0, 2 * share - 1), following, now)


def _recurring(passed: float, _generator: np.random.Generator, rows: int) -> Floats:
    """Two concepts take turns, three times each."""
    return np.full(rows, (7.0, 9.5)[int(passed * 6) % 2])


def _still(_passed: float, _generator: np.random.Generator, rows: int) -> Floats:
    return np.full(rows, _SEA[0])


def _virtual(periods: int, _rows: int, _generator: np.random.Generator) -> Draw:
    """The inputs move from one corner to the other; what is true of a row stays."""

    def draw(period: int, rows: int, generator: np.random.Generator) -> Rows:
        centre = 2 + 6 * period / periods
        features = np.clip(generator.normal(centre, 1.5, (rows, 3)), 0, 10)
        return features, _noisy(features[:, 0] + features[:, 1] <= _SEA[0], _SEA_NOISE, generator)

    return draw


def _hyperplane(step: float) -> World:
    """
    Args:
        step: how far a weight moves with each row.
    """

    def world(periods: int, rows: int, generator: np.random.Generator) -> Draw:
        weights = np.empty((periods, _DIMENSIONS))
        now, direction = generator.random(_DIMENSIONS), np.ones(_DIMENSIONS)
        for period in range(periods):
            weights[period] = now
            turning = generator.random(_DIMENSIONS) < 1 - (1 - _TURNS) ** rows
            direction = np.where(turning, -direction, direction)
            now = now + step * rows * direction

        def draw(period: int, count: int, generator: np.random.Generator) -> Rows:
            features = generator.random((count, _DIMENSIONS))
            truth = features @ weights[period] >= weights[period].sum() / 2
            return features, _noisy(truth, _HYPERPLANE_NOISE, generator)

        return draw

    return world


def _stagger(periods: int, _rows: int, _generator: np.random.Generator) -> Draw:
    def draw(period: int, rows: int, generator: np.random.Generator) -> Rows:
        features = generator.integers(3, size=(rows, 3)).astype(np.float64)
        size, colour, shape = features.T
        truths = ((size == 0) & (colour == 0), (colour == 1) | (shape == 1), size > 0)
        return features, truths[period * len(truths) // periods].astype(int)

    return draw


def _noisy(truth: NDArray[np.bool_], noise: float, generator: np.random.Generator) -> Labels:
    wrong: Labels = (truth ^ (generator.random(len(truth)) < noise)).astype(int)
    return wrong


STREAMS = {
    "SEA, abrupt": Stream(about="four concepts, one after the other", world=_sea(_abrupt)),
    "SEA, gradual": Stream(about="each concept gives way to the next, row by row", world=_sea(_gradual)),
    "hyperplane, fast": Stream(about="each weight moves by 0.001 a row", world=_hyperplane(0.001)),
    "hyperplane, slow": Stream(about="each weight moves by 0.0002 a row", world=_hyperplane(0.0002)),
    "STAGGER": Stream(about="three concepts that have little in common", world=_stagger),
    "recurring": Stream(about="two concepts of SEA take turns, three times each", world=_sea(_recurring)),
    "still": Stream(about="one concept of SEA: nothing changes", world=_sea(_still)),
    "virtual drift": Stream(about="SEA's inputs move from one corner to the other; the truth stays", world=_virtual),
}
