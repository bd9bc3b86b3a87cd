"""Pairs of simulated models on the same rows: as good as each other, or one better by a margin that is known.

Both find the same rows hard: half of an error's variance is theirs in common. Some rows are far harder than others:
errors follow Student's t with five degrees of freedom.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evergreen.judging.metrics import CLASSIFICATION, METRICS, Outcomes

Floats = NDArray[np.float64]

CLASSES = ("common", "less", "rare")
_LOG_SHARES = np.log([0.6, 0.3, 0.1])
_DEGREES = 5
# Errors of a regression, as a share of the truth; noise in the scores of a classification, in logits.
_REGRESSION_ERROR, _CLASSIFICATION_NOISE = 0.1, 1.5
# Rows by which a classifier's margin is set, and how often the interval that it lies in is halved.
_LARGE, _HALVINGS = 100_000, 12


@dataclass(frozen=True)
class Two:
    candidate: Outcomes
    champion: Outcomes


def draw(metric: str, rows: int, generator: np.random.Generator, *, margin: float) -> Two:
    """
    Args:
        margin: how much lower the candidate's error is in truth, as a share of the champion's: the metric itself, or
            what accuracy and F1 lack to 1.
    """
    if METRICS[metric].task == CLASSIFICATION:
        return _classification(rows, generator, _noise(metric, margin))
    truth = np.exp(generator.normal(12.0, 0.5, rows))
    own, theirs = _errors((rows,), generator)
    predicted = [truth * (1 + _REGRESSION_ERROR * error) for error in ((1 - margin) * own, theirs)]
    candidate, champion = (Outcomes(actual=truth.tolist(), predicted=each.tolist()) for each in predicted)
    return Two(candidate, champion)


def _errors(shape: tuple[int, ...], generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Of two models: they correlate by one half, and are large in the same rows."""
    common, one, other = (generator.standard_normal(shape) for _ in range(3))
    hardness = np.sqrt(_DEGREES / generator.chisquare(_DEGREES, shape[0]))
    if len(shape) > 1:
        hardness = hardness[:, None]
    return (common + one) * hardness / np.sqrt(2), (common + other) * hardness / np.sqrt(2)


def _classification(rows: int, generator: np.random.Generator, noise: float) -> Two:
    shape = (rows, len(CLASSES))
    scores = _LOG_SHARES + 1.5 * generator.standard_normal(shape)
    # The winner of scores with Gumbel noise is a draw from their softmax.
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
    """The noise at which a classifier's error is lower by the margin."""
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
