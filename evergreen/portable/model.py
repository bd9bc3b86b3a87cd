"""A loaded model: the steps, the scorer, and what its scores mean."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evergreen.contract.contract import Row
from evergreen.errors import FieldError, InvalidRow
from evergreen.portable import links
from evergreen.portable.columns import Values
from evergreen.portable.families import Scorer, Step

Label = str | int | float | bool

# What a link may add to the difference: four units in the last place, and as many of the smallest number.
_LINK_RELATIVE = 4 * math.ulp(1.0)
_LINK_ABSOLUTE = 4 * math.ulp(0.0)


class Model(ABC):
    """Scores one row at a time. Every method raises InvalidRow for a row that the library itself would reject.

    Attributes:
        task: "regression", "binary" or "multiclass".
        classes: the labels in the order of probabilities; None for regression.
    """

    def __init__(self, task: str, classes: list[Label] | None, steps: Sequence[Step], scorer: Scorer) -> None:
        self.task = task
        self.classes = classes
        self._steps = steps
        self._scorer = scorer

    def raw(self, row: Row) -> list[float]:
        """The scores before any link: one for regression and most binary classifiers, else one for each class."""
        return self._scorer.scores(self._prepared(row))

    @abstractmethod
    def predict(self, row: Row) -> Any:
        """A number in units of the target, or the class's label. It is finite, or the row is refused."""

    @abstractmethod
    def probabilities(self, row: Row) -> list[float] | None:
        """A probability for each class; None for regression, and where the estimator has no predict_proba."""

    @abstractmethod
    def agrees(self, row: Row, predicted: Any, probabilities: Sequence[float] | None = None) -> bool:
        """Whether what the library said of a row is what this model says, but for the rounding that is its own.

        Trees and their ensembles agree to the last bit, linear scores within 1e-12 of the sum of absolute terms, and
        what passes a link (see links.py) within four units in the last place more.
        """

    def _prepared(self, row: Row) -> Values:
        for step in self._steps:
            row = step(row)
        return row


def _comparable(numbers: list[float]) -> list[float]:
    """The numbers, if none of them is NaN: infinity less infinity is no score that another could be held against."""
    total = sum(numbers)
    if total != total and any(number != number for number in numbers):
        raise _not_finite()
    return numbers


def _not_finite() -> InvalidRow:
    """For a row of extreme numbers, of which the library itself would make infinity or NaN."""
    expected = "numbers of which the model can make a finite result"
    return InvalidRow(
        [FieldError(place="the row", got="a result that is not finite", kind="not finite", expected=expected)]
    )


class Regression(Model):
    """A score, and the links from it to the prediction."""

    def __init__(self, steps: Sequence[Step], scorer: Scorer, link_names: Sequence[str]) -> None:
        super().__init__("regression", None, steps, scorer)
        self._links = [links.TO_PREDICTION[name] for name in link_names]

    def predict(self, row: Row) -> float:
        predicted = self._linked(self.raw(row)[0])
        if predicted - predicted != 0.0:
            raise _not_finite()
        return predicted

    def probabilities(self, _row: Row) -> None:
        return None

    def agrees(self, row: Row, predicted: Any, probabilities: Sequence[float] | None = None) -> bool:
        values = self._prepared(row)
        score = self._scorer.scores(values)[0]
        tolerance = self._scorer.tolerance(values)
        lowest, highest = self._linked(score - tolerance), self._linked(score + tolerance)
        if self._links:
            lowest -= abs(lowest) * _LINK_RELATIVE + _LINK_ABSOLUTE
            highest += abs(highest) * _LINK_RELATIVE + _LINK_ABSOLUTE
        return probabilities is None and bool(lowest <= predicted <= highest)

    def _linked(self, score: float) -> float:
        for link in self._links:
            score = link(score)
        return score


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Of two classes, the one at the position `positive` is said if its probability is `threshold` or more."""

    positive: int
    threshold: float


class Classification(Model):
    """A score for each class, or one for the second of two; the highest wins, the first of equals.

    With a decision, a threshold of the probability decides between the two instead.
    """

    def __init__(
        self,
        task: str,
        classes: list[Label],
        steps: Sequence[Step],
        scorer: Scorer,
        link_names: Sequence[str],
        *,
        zero_is_positive: bool,
        decision: Decision | None = None,
    ) -> None:
        super().__init__(task, classes, steps, scorer)
        self._labels = classes
        self._link = links.TO_PROBABILITIES[link_names[0]] if link_names else None
        self._zero_is_positive = zero_is_positive
        self._decision = decision

    def predict(self, row: Row) -> Label:
        scores = _comparable(self.raw(row))
        if self._decision and self._link:
            return self._decided(self._decision, _comparable(self._link(scores)))
        return self._labels[self._winner(scores)]

    def probabilities(self, row: Row) -> list[float] | None:
        return None if self._link is None else _comparable(self._link(self.raw(row)))

    def agrees(self, row: Row, predicted: Any, probabilities: Sequence[float] | None = None) -> bool:
        values = self._prepared(row)
        scores = self._scorer.scores(values)
        tolerance = self._scorer.tolerance(values)
        own = self._link(scores) if self._link else None
        # The logarithm of a probability moves by at most twice what the scores move.
        allowed = 0.0 if self._link is links.shares else 2 * tolerance + _LINK_RELATIVE
        if self._decision and own:
            said = self._may_be_decided(self._decision, predicted, own, allowed)
        else:
            said = self._may_win(predicted, scores, tolerance)
        if not said or probabilities is None:
            return said
        if own is None or len(probabilities) != len(self._labels):
            return False
        return all(abs(ours - theirs) <= allowed for ours, theirs in zip(own, probabilities, strict=True))

    def _decided(self, decision: Decision, probabilities: list[float]) -> Label:
        # As the library's >=: a probability at the threshold is the positive class.
        is_positive = probabilities[decision.positive] >= decision.threshold
        return self._labels[decision.positive if is_positive else 1 - decision.positive]

    def _may_be_decided(self, decision: Decision, label: Any, probabilities: list[float], allowed: float) -> bool:
        """Whether a label is the decision, or the probability so near to the threshold that rounding alone decides."""
        if label == self._decided(decision, probabilities):
            return True
        return label in self._labels and abs(probabilities[decision.positive] - decision.threshold) <= allowed

    def _winner(self, scores: list[float]) -> int:
        if len(scores) == 1:
            return int(scores[0] >= 0.0 if self._zero_is_positive else scores[0] > 0.0)
        return scores.index(max(scores))

    def _may_win(self, label: Any, scores: list[float], tolerance: float) -> bool:
        """Whether a label is the winner, or so near to it that rounding alone ranks the two."""
        winner = self._winner(scores)
        if label == self._labels[winner]:
            return True
        if label not in self._labels or not tolerance:
            return False
        sides = scores if len(scores) > 1 else [0.0, scores[0]]
        return sides[winner] - sides[self._labels.index(label)] <= 2 * tolerance
