"""What a model said of labelled rows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# The smallest denominator of a relative error, and the smallest probability that a logarithm is taken of: the float64
# epsilon, as in scikit-learn's mean_absolute_percentage_error and log_loss.
EPSILON = 2.220446049250313e-16


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What a model said of labelled rows, row by row.

    Attributes:
        actual: the truth: numbers, or labels.
        predicted: numbers, or labels.
        probabilities: of each class in the order of `classes`; empty for regression.
        positive: the label of two that ranking metrics look for; empty for the second of `classes`.
    """

    actual: Sequence[Any]
    predicted: Sequence[Any]
    probabilities: Sequence[Sequence[float]] = ()
    classes: Sequence[str] = ()
    positive: str = ""

    @property
    def ranked_classes(self) -> Sequence[str]:
        """Those that a ranking metric is the mean over: of two, the positive one alone."""
        return self.classes if len(self.classes) != 2 else (self.positive or self.classes[1],)

    def take(self, rows: Sequence[int]) -> "Outcomes":
        """Some of the rows, by their number."""
        return Outcomes(
            actual=[self.actual[row] for row in rows],
            predicted=[self.predicted[row] for row in rows] if self.predicted else (),
            probabilities=[self.probabilities[row] for row in rows] if self.probabilities else (),
            classes=self.classes,
            positive=self.positive,
        )


def pairs(outcomes: Outcomes) -> list[tuple[Any, Any]]:
    """Truth and prediction of each row."""
    return list(zip(outcomes.actual, outcomes.predicted, strict=True))


def mean(terms: Sequence[float]) -> float:
    return math.fsum(terms) / len(terms)
