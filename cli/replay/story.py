"""What has happened in a replay, as far as it has been lived."""

from dataclasses import dataclass, field
from typing import Any

from cli.aws.inbox import Notification
from evergreen.renewal.ledger import PROMOTED, Run


@dataclass(frozen=True, kw_only=True)
class Month:
    """
    Attributes:
        when: as in 2007-01.
        error: mean absolute error of what the endpoint answered, as a share of the true prices.
        without: the same of the first champion, which would have served without renewal.
        version: that served.
    """

    when: str
    error: float
    without: float
    version: str


@dataclass(frozen=True, kw_only=True)
class Period:
    """Months that were lived, then checked, and what came of it.

    Attributes:
        check: the result of the drift check.
        report: the file of Evidently's report; empty if nothing was compared.
        run: the renewal that the check has begun; None if it has begun none.
        messages: that people got meanwhile.
    """

    name: str
    months: tuple[Month, ...]
    check: dict[str, Any]
    report: str
    run: Run | None
    messages: tuple[Notification, ...]


@dataclass
class Story:
    """
    Attributes:
        first: the version that was trained on what was known before.
        cards: the file of the model card of each champion, by its version.
    """

    first: str
    periods: list[Period] = field(default_factory=list)
    cards: dict[str, str] = field(default_factory=dict)

    @property
    def months(self) -> list[Month]:
        return [month for period in self.periods for month in period.months]

    @property
    def error(self) -> float:
        return _mean([month.error for month in self.months])

    @property
    def without(self) -> float:
        return _mean([month.without for month in self.months])

    @property
    def promotions(self) -> list[Run]:
        return [run for run in self.runs if run.outcome == PROMOTED]

    @property
    def runs(self) -> list[Run]:
        return [period.run for period in self.periods if period.run]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
