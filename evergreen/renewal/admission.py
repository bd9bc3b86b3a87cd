"""Whether a renewal may begin: pauses, rests and ceilings. The answer is a sentence, for people and for tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from evergreen.number_text import counted, number
from evergreen.renewal.ledger import MOST_RUNS, Ledger, Run

_DAY, _MONTH = timedelta(days=1), timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Those of [renewal] in model.toml.

    Attributes:
        dollars: the most that the jobs of one renewal can cost: up to their time limits.
    """

    cool_down_hours: float
    runs_per_day: int
    runs_per_month: int
    dollars_per_month: float
    hands_off_days: float
    dollars: float


def why_not(ledger: Ledger, limits: Limits, *, now: datetime, by_hand: bool, changed_by_hand: datetime | None) -> str:
    """Why a renewal may not begin now; empty if it may.

    Args:
        by_hand: whether a person has asked: then there is no rest to keep, but the ceilings hold.
        changed_by_hand: when somebody went back to the present champion; None if nobody did.
    """
    if ledger.paused:
        return f"renewal is paused: {ledger.paused}. To go on: evergreen resume"
    last = max((_moment(run.began) for run in ledger.runs), default=None)
    if last and last > now:
        return (
            f"the clock says {_text(now)}, and the last renewal began at {_text(last)}: the ceilings cannot be held "
            "by a clock that was set back. It is tried again when that time has come"
        )
    if not by_hand:
        if changed_by_hand and now < (until := changed_by_hand + timedelta(days=limits.hands_off_days)):
            return (
                f"somebody went back to the present champion at {_text(changed_by_hand)}: it is left alone until "
                f"{_text(until)}. To renew it now: evergreen renew"
            )
        if last and now < (rested := last + timedelta(hours=limits.cool_down_hours)):
            return f"the last renewal began at {_text(last)}: the next may from {_text(rested)} on"
    return _ceiling(ledger.runs, limits, now)


def _ceiling(runs: Sequence[Run], limits: Limits, now: datetime) -> str:
    for period, most, name in ((_DAY, limits.runs_per_day, "day"), (_MONTH, limits.runs_per_month, "month")):
        # The ledger remembers no more.
        most = min(most, MOST_RUNS)
        within = _within(runs, now, period)
        if len(within) >= most:
            free = _moment(within[-most].began) + period
            return (
                f"{counted(len(within), 'renewal')} began within {counted(period.days, 'day')}, and [renewal] "
                f"runs_per_{name} is {number(most)}: the next may from {_text(free)} on"
            )
    spent = sum(run.dollars for run in _within(runs, now, _MONTH))
    if spent + limits.dollars > limits.dollars_per_month:
        return (
            f"the renewals of 30 days have cost {spent:.2f} dollars, and one more may cost {limits.dollars:.2f}: "
            f"together more than [renewal] dollars_per_month, {limits.dollars_per_month:.2f}"
        )
    return ""


def _within(runs: Sequence[Run], now: datetime, period: timedelta) -> list[Run]:
    return [run for run in runs if _moment(run.began) > now - period]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
