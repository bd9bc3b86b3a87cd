"""From raw scores to predictions and probabilities.

scikit-learn computes exp, expm1 and log1p by numpy, whose vectorised forms (AVX-512) round one value in twenty the
other way than the C library that `math` calls. So what passes a link agrees within a few units in the last place, and
not always bit by bit; the logistic function is scipy's, which calls the C library too. All links here are increasing.
"""

import math
from collections.abc import Callable


def exp(score: float) -> float:
    try:
        return math.exp(score)
    except OverflowError:
        return math.inf


def expm1(score: float) -> float:
    try:
        return math.expm1(score)
    except OverflowError:
        return math.inf


def log1p(value: float) -> float:
    """As numpy: minus infinity at -1, NaN below."""
    if value > -1.0:
        return math.log1p(value)
    return -math.inf if value == -1.0 else math.nan


def expit(scores: list[float]) -> list[float]:
    """Probabilities of two classes from the second one's log-odds."""
    positive = 1.0 / (1.0 + exp(-scores[0]))
    return [1.0 - positive, positive]


def expit_of_double(scores: list[float]) -> list[float]:
    """Probabilities under the exponential loss, whose score is half the log-odds."""
    return expit([2.0 * scores[0]])


def softmax(scores: list[float]) -> list[float]:
    """Probabilities of several classes. The largest score is subtracted first, as in the library."""
    largest = max(scores)
    powers = [math.exp(score - largest) for score in scores]
    total = 0.0
    for power in powers:
        total += power
    return [power / total for power in powers]


def shares(scores: list[float]) -> list[float]:
    """Scores that are probabilities already."""
    return scores


TO_PREDICTION: dict[str, Callable[[float], float]] = {"exp": exp, "expm1": expm1}
TO_PROBABILITIES: dict[str, Callable[[list[float]], list[float]]] = {
    "expit": expit,
    "expit_of_double": expit_of_double,
    "softmax": softmax,
    "shares": shares,
}
