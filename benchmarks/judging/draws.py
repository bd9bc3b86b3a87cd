"""Pairs of simulated models on the same rows: equally good, or one better by a known margin.

The same rows are hard for both: half of the variance of the errors is common to them. Some rows are far harder than
others: errors follow Student's t with five degrees of freedom.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evergreen.metrics import CLASSIFICATION, METRICS, Outcomes

Floats = NDArray[np.float64]

CLASSES = ("common", "less", "rare")
_LOG_SHARES = np.log([0.6, 0.3, 0.1])
_DEGREES = 5
# Errors of a regression, as a share of the truth; noise in the scores of a classification, in logits.
_REGRESSION_ERROR, _CLASSIFICATION_NOISE = 0.1, 1.5
# Rows for finding the noise that gives a classifier its margin, and the steps of that bisection.
_LARGE, _HALVINGS = 100_000, 12


@dataclass(frozen=True)
class Two:
    """The outcomes of both models on the same rows."""

    candidate: Outcomes
    champion: Outcomes


def draw(metric: str, rows: int, generator: np.random.Generator, *, margin: float) -> Two:
    """Draw both models' outcomes on new rows.

    Args:
        margin: how much lower the candidate's true error is, as a share of the champion's. The error is the metric
            itself; for accuracy and F1, 1 minus the metric.
    """
    if METRICS[metric].task == CLASSIFICATION:
        return _classification(rows, generator, _noise(metric, margin))
    truth = np.exp(generator.normal(12.0, 0.5, rows))
    own, theirs = _errors((rows,), generator)
    predicted = [truth * (1 + _REGRESSION_ERROR * error) for error in ((1 - margin) * own, theirs)]
    candidate, champion = (Outcomes(actual=truth.tolist(), predicted=each.tolist()) for each in predicted)
    return Two(candidate, champion)


def _errors(shape: tuple[int, ...], generator: np.random.Generator) -> tuple[Floats, Floats]:
    """The errors of two models, of `shape` each: with a correlation of one half, and large in the same rows."""
    common, one, other = (generator.standard_normal(shape) for _ in range(3))
    hardness = np.sqrt(_DEGREES / generator.chisquare(_DEGREES, shape[0]))
    if len(shape) > 1:
        hardness = hardness[:, None]
    return (common + one) * hardness / np.sqrt(2), (common + other) * hardness / np.sqrt(2)


def _classification(rows: int, generator: np.random.Generator, noise: float) -> Two:
    shape = (rows, len(CLASSES))
    scores = _LOG_SHARES + 1.5 * generator.standard_normal(shape)
    # The largest score after adding Gumbel noise is a draw from the softmax of the scores.
    truth = np.argmax(scores + generator.gumbel(size=shape), axis=1)
    own, theirs = _errors(shape, generator)
    labels = [CLASSES[place] for place in truth]
    candidate, champion = (
        _classified(labels, scores + size * error) for size, error in ((noise, own), (_CLASSIFICATION_NOISE, theirs))
    )
    return Two(candidate, champion)


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
    low, high = 0.0, _CLASSIFICATION_NOISE
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        drawn = _classification(_LARGE, np.random.default_rng(0), middle)
        reached = _error(metric, drawn.candidate) <= (1 - margin) * _error(metric, drawn.champion)
        low, high = (middle, high) if reached else (low, middle)
    return low


def _error(metric: str, outcomes: Outcomes) -> float:
    measured = METRICS[metric].measure(outcomes)
    return 1 - measured if METRICS[metric].higher_is_better else measured
