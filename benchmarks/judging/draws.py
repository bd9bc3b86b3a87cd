"""Pairs of simulated models on the same rows: equally good, or one better by a known margin.

The same rows are hard for both: half of the variance of the errors is common to them. Some rows are far harder than
others: errors follow Student's t with five degrees of freedom. How errors of different rows depend on each other is
the matter of a stream.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from evergreen.judging.dependence import Codes, Units
from evergreen.metrics import CLASSIFICATION, Outcomes, metric_of

Floats = NDArray[np.float64]

CLASSES = ("common", "less", "rare")
_LOG_SHARES = np.log([0.6, 0.3, 0.1])
_DEGREES = 5
# Errors of a regression, as a share of the truth; noise in the scores of a classification, in logits.
_REGRESSION_ERROR, _CLASSIFICATION_NOISE = 0.1, 1.5
# Rows for finding the noise that gives a classifier its margin, and the steps of that bisection.
_LARGE, _HALVINGS = 30_000, 9


# Normal numbers of variance 1: takes the shape, rows first, and the units of the rows.
Draw = Callable[[tuple[int, ...], Units, np.random.Generator], Floats]


@dataclass(frozen=True)
class Stream:
    """How rows come: what is known of them, and how errors depend on it.

    Attributes:
        units: takes the number of rows.
        errors: of rows, all columns drawn alike.
    """

    units: Callable[[int, np.random.Generator], Units]
    errors: Draw


def _in_order(rows: int, _generator: np.random.Generator) -> Units:
    return Units(moments=np.arange(rows))


def _in_groups(groups: int, rows: int, generator: np.random.Generator) -> Units:
    return Units(groups=generator.integers(groups, size=rows))


def _independent(shape: tuple[int, ...], _units: Units, generator: np.random.Generator) -> Floats:
    return generator.standard_normal(shape)


def _autoregressive(
    coefficient: float, shape: tuple[int, ...], _units: Units, generator: np.random.Generator
) -> Floats:
    """First-order series, stationary from the first row on."""
    noise = generator.standard_normal(shape)
    noise[1:] *= np.sqrt(1 - coefficient**2)
    found: Floats = lfilter([1.0], [1.0, -coefficient], noise, axis=0)
    return found


def _sessions(length: int, shape: tuple[int, ...], _units: Units, generator: np.random.Generator) -> Floats:
    """Runs of rows that share half of their variance; the first run is cut off somewhere."""
    start = int(generator.integers(length))
    return _half_shared(np.arange(start, start + shape[0]) // length, shape, generator)


def _weekly(period: int, shape: tuple[int, ...], _units: Units, generator: np.random.Generator) -> Floats:
    """Errors are twice as large on two days of seven, the same for both models."""
    day = np.arange(shape[0]) * 7 // period % 7
    size = np.where(day >= 5, 2.0, 1.0) / np.sqrt(13 / 7)
    found: Floats = generator.standard_normal(shape) * (size if len(shape) == 1 else size[:, None])
    return found


def _grouped(shape: tuple[int, ...], units: Units, generator: np.random.Generator) -> Floats:
    """Rows of a group share half of their variance."""
    assert units.groups is not None
    return _half_shared(units.groups, shape, generator)


def _half_shared(codes: Codes, shape: tuple[int, ...], generator: np.random.Generator) -> Floats:
    shared: Floats = generator.standard_normal((int(np.max(codes)) + 1, *shape[1:]))[codes]
    return (shared + generator.standard_normal(shape)) / np.sqrt(2)


INDEPENDENT = Stream(_in_order, _independent)
STREAMS = {
    "independent": INDEPENDENT,
    **{
        f"autoregressive {coefficient:g}": Stream(_in_order, partial(_autoregressive, coefficient))
        for coefficient in (0.5, 0.9, 0.95, 0.97, 0.99)
    },
    "sessions of 20": Stream(_in_order, partial(_sessions, 20)),
    "weekly": Stream(_in_order, partial(_weekly, 70)),
    **{f"{groups} groups": Stream(partial(_in_groups, groups), _grouped) for groups in (20, 46, 500)},
}


@dataclass(frozen=True)
class Two:
    """The outcomes of both models on the same rows."""

    candidate: Outcomes
    champion: Outcomes
    units: Units = field(default_factory=Units)


def draw(metric: str, rows: int, generator: np.random.Generator, *, margin: float, stream: Stream = INDEPENDENT) -> Two:
    """Draw both models' outcomes on new rows.

    Args:
        margin: how much lower the candidate's true error is, as a share of the champion's. The error is the metric
            itself; for accuracy and F1, 1 minus the metric.
    """
    units = stream.units(rows, generator)
    if metric_of(metric).task == CLASSIFICATION:
        return _classification(rows, generator, _noise(metric, margin), units, stream.errors)
    truth = np.exp(generator.normal(12.0, 0.5, rows))
    own, theirs = _errors((rows,), generator, units, stream.errors)
    predicted = [truth * (1 + _REGRESSION_ERROR * error) for error in ((1 - margin) * own, theirs)]
    candidate, champion = (Outcomes(actual=truth.tolist(), predicted=each.tolist()) for each in predicted)
    return Two(candidate, champion, units)


def _errors(
    shape: tuple[int, ...], generator: np.random.Generator, units: Units, errors: Draw
) -> tuple[Floats, Floats]:
    """The errors of two models, of `shape` each: with a correlation of one half, and large in the same rows."""
    common, one, other = (errors(shape, units, generator) for _ in range(3))
    hardness = np.sqrt(_DEGREES / generator.chisquare(_DEGREES, shape[0]))
    if len(shape) > 1:
        hardness = hardness[:, None]
    return (common + one) * hardness / np.sqrt(2), (common + other) * hardness / np.sqrt(2)


def _classification(
    rows: int, generator: np.random.Generator, noise: float, units: Units, errors: Draw = _independent
) -> Two:
    shape = (rows, len(CLASSES))
    scores = _LOG_SHARES + 1.5 * generator.standard_normal(shape)
    # The largest score after adding Gumbel noise is a draw from the softmax of the scores.
    truth = np.argmax(scores + generator.gumbel(size=shape), axis=1)
    own, theirs = _errors(shape, generator, units, errors)
    labels = [CLASSES[place] for place in truth]
    candidate, champion = (
        _classified(labels, scores + size * error) for size, error in ((noise, own), (_CLASSIFICATION_NOISE, theirs))
    )
    return Two(candidate, champion, units)


def _classified(actual: list[str], scores: Floats) -> Outcomes:
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    predicted = [CLASSES[place] for place in np.argmax(scores, axis=1)]
    return Outcomes(actual=actual, predicted=predicted, probabilities=probabilities.tolist(), classes=CLASSES)


@cache
def _noise(metric: str, margin: float) -> float:
    """The noise in the scores that makes a classifier's error lower by the margin."""
    if not margin:
        return _CLASSIFICATION_NOISE
    low, high, wanted = 0.0, _CLASSIFICATION_NOISE, (1 - margin) * _error_at(metric, _CLASSIFICATION_NOISE)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _error_at(metric, middle) <= wanted else (low, middle)
    return low


@cache
def _error_at(metric: str, noise: float) -> float:
    """The error of a classifier with this noise in its scores, on the same rows whatever the noise."""
    return _error(metric, _classification(_LARGE, np.random.default_rng(0), noise, Units()).candidate)


def _error(metric: str, outcomes: Outcomes) -> float:
    measured = metric_of(metric).measure(outcomes)
    return 1 - measured if metric_of(metric).higher_is_better else measured
