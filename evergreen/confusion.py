"""Decisions between two classes, counted by whether they were right, and what the wrong ones cost."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from evergreen.metrics import Outcomes
from evergreen.settings.sections import FALSE_NEGATIVE, FALSE_POSITIVE


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Rows by decision and truth: a false positive was said to be positive and is not."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @classmethod
    def of(cls, outcomes: Outcomes, positive: str) -> "Confusion":
        """
        Args:
            positive: the label of the positive class.
        """
        said = [label == positive for label in outcomes.predicted]
        true = [label == positive for label in outcomes.actual]
        hits = sum(one and other for one, other in zip(said, true, strict=True))
        return cls(
            true_positive=hits,
            false_positive=sum(said) - hits,
            false_negative=sum(true) - hits,
            true_negative=len(said) - sum(said) - sum(true) + hits,
        )

    @property
    def rows(self) -> int:
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative

    @property
    def precision(self) -> float | None:
        """The share of the rows said to be positive that are; None if none was."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float | None:
        """The share of the positive rows that were said to be; None if there is none."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    def cost(self, costs: Mapping[str, float]) -> float:
        """Of a decision on average; there is one row at least.

        Args:
            costs: of a false positive and of a false negative.
        """
        total = self.false_positive * costs[FALSE_POSITIVE] + self.false_negative * costs[FALSE_NEGATIVE]
        return total / self.rows

    def as_dict(self, costs: Mapping[str, float] | None) -> dict[str, Any]:
        """The counts with precision and recall, and with the cost of a decision if costs are given."""
        cost = {"cost": self.cost(costs)} if costs else {}
        return {**asdict(self), "precision": self.precision, "recall": self.recall, **cost}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
