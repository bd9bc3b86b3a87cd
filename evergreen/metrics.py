"""Metrics of a model on labelled rows, and which direction is better."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evergreen.number_text import number, percent, points

# The smallest denominator of a relative error, and the smallest probability that a logarithm is taken of: the float64
# epsilon, as in scikit-learn's mean_absolute_percentage_error and log_loss.
_EPSILON = 2.220446049250313e-16

REGRESSION = "regression"
CLASSIFICATION = "classification"


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What a model said of labelled rows, row by row.

    Attributes:
        actual: the truth: numbers, or labels.
        predicted: numbers, or labels.
        probabilities: of each class in the order of `classes`; empty for regression.
    """

    actual: Sequence[Any]
    predicted: Sequence[Any]
    probabilities: Sequence[Sequence[float]] = ()
    classes: Sequence[str] = ()

    def take(self, rows: Sequence[int]) -> "Outcomes":
        """Some of the rows, by their number."""
        return Outcomes(
            actual=[self.actual[row] for row in rows],
            predicted=[self.predicted[row] for row in rows] if self.predicted else (),
            probabilities=[self.probabilities[row] for row in rows] if self.probabilities else (),
            classes=self.classes,
        )


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A measure of outcomes.

    Attributes:
        measure: its value for a model's outcomes.
        of_probabilities: whether it needs the probabilities of the classes.
        is_share: whether people read it in percent.
    """

    task: str
    higher_is_better: bool
    measure: Callable[[Outcomes], float]
    of_probabilities: bool = False
    is_share: bool = False

    def better(self, one: float, other: float) -> bool:
        """Whether one value is truly better than another; a value that is not a number never is."""
        return one > other if self.higher_is_better else one < other

    def text(self, value: float) -> str:
        """A value of it as a message writes it: 7.52% or 32,370."""
        return percent(value) if self.is_share else number(value)

    def difference_text(self, difference: float) -> str:
        """A difference of two values of it: 4.68 points or 1,204."""
        return points(difference) if self.is_share else number(difference)


def mape(outcomes: Outcomes) -> float:
    """Mean absolute percentage error, as a share: 0.07 is 7%."""
    return _mean([abs(p - a) / max(abs(a), _EPSILON) for a, p in _pairs(outcomes)])


def mae(outcomes: Outcomes) -> float:
    """Mean absolute error, in units of the target."""
    return _mean([abs(p - a) for a, p in _pairs(outcomes)])


def rmse(outcomes: Outcomes) -> float:
    """Root of the mean squared error, in units of the target."""
    return math.sqrt(_mean([(p - a) ** 2 for a, p in _pairs(outcomes)]))


def accuracy(outcomes: Outcomes) -> float:
    """Share of the rows whose label was predicted."""
    return _mean([float(p == a) for a, p in _pairs(outcomes)])


def f1_macro(outcomes: Outcomes) -> float:
    """Mean over the classes of the harmonic mean of precision and recall; 0 for a class without a hit."""
    scores = []
    for label in sorted({*outcomes.actual, *outcomes.predicted}):
        hits = sum(a == p == label for a, p in _pairs(outcomes))
        named = sum(p == label for p in outcomes.predicted) + sum(a == label for a in outcomes.actual)
        scores.append(2 * hits / named)
    return _mean(scores)


def log_loss(outcomes: Outcomes) -> float:
    """Mean negative logarithm of the probability that the true class was given: 0 for a class it does not know."""
    place = {label: index for index, label in enumerate(outcomes.classes)}
    rows = zip(outcomes.actual, outcomes.probabilities, strict=True)
    given = (row[place[actual]] if actual in place else 0.0 for actual, row in rows)
    return _mean([-math.log(min(max(p, _EPSILON), 1 - _EPSILON)) for p in given])


def _pairs(outcomes: Outcomes) -> list[tuple[Any, Any]]:
    return list(zip(outcomes.actual, outcomes.predicted, strict=True))


def _mean(terms: Sequence[float]) -> float:
    return math.fsum(terms) / len(terms)


METRICS: Mapping[str, Metric] = {
    "mape": Metric(task=REGRESSION, higher_is_better=False, measure=mape, is_share=True),
    "mae": Metric(task=REGRESSION, higher_is_better=False, measure=mae),
    "rmse": Metric(task=REGRESSION, higher_is_better=False, measure=rmse),
    "log_loss": Metric(task=CLASSIFICATION, higher_is_better=False, measure=log_loss, of_probabilities=True),
    "accuracy": Metric(task=CLASSIFICATION, higher_is_better=True, measure=accuracy, is_share=True),
    "f1_macro": Metric(task=CLASSIFICATION, higher_is_better=True, measure=f1_macro),
}


def measure_all(outcomes: Outcomes, *, task: str) -> dict[str, float]:
    """Every metric of a task that the outcomes allow, by name: some classifiers know no probabilities."""
    return {
        name: metric.measure(outcomes)
        for name, metric in METRICS.items()
        if metric.task == task and (outcomes.probabilities or not metric.of_probabilities)
    }
