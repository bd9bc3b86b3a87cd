"""Measures of predicted labels, and of the probabilities of classes."""

import math
from collections import Counter
from collections.abc import Iterator

from evergreen.metrics.outcomes import EPSILON, Outcomes, mean, pairs


def accuracy(outcomes: Outcomes) -> float:
    """Share of the rows whose label was predicted."""
    return mean([float(p == a) for a, p in pairs(outcomes)])


def balanced_accuracy(outcomes: Outcomes) -> float:
    """Mean over the classes of the share of their rows whose label was predicted."""
    hits = Counter(a for a, p in pairs(outcomes) if a == p)
    return mean([hits[label] / count for label, count in Counter(outcomes.actual).items()])


def f1_macro(outcomes: Outcomes) -> float:
    """Mean over the classes of the harmonic mean of precision and recall; 0 for a class without a hit."""
    scores = []
    for label in sorted({*outcomes.actual, *outcomes.predicted}):
        hits = sum(a == p == label for a, p in pairs(outcomes))
        named = sum(p == label for p in outcomes.predicted) + sum(a == label for a in outcomes.actual)
        scores.append(2 * hits / named)
    return mean(scores)


def log_loss(outcomes: Outcomes) -> float:
    """Mean negative logarithm of the probability that the true class was given: 0 for a class it does not know."""
    given = (row[place] if place is not None else 0.0 for place, row in _places(outcomes))
    return mean([-math.log(min(max(p, EPSILON), 1 - EPSILON)) for p in given])


def brier(outcomes: Outcomes) -> float:
    """Mean squared error of the probabilities: of two classes of one of them, of more the sum over all classes."""
    share = 0.5 if len(outcomes.classes) == 2 else 1.0
    errors = (
        math.fsum((p - (index == place)) ** 2 for index, p in enumerate(row)) + (place is None)
        for place, row in _places(outcomes)
    )
    return mean([share * error for error in errors])


def _places(outcomes: Outcomes) -> Iterator[tuple[int | None, list[float]]]:
    """By row: the place of its class, None if the model does not know it, and the probabilities."""
    place = {label: index for index, label in enumerate(outcomes.classes)}
    for actual, row in zip(outcomes.actual, outcomes.probabilities, strict=True):
        yield place.get(actual), list(row)
