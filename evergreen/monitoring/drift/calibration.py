"""How often the whole rule of the drift check alarms when nothing is wrong, measured at training.

A table with a known order shows it by its own past: each window of it is checked against the rows before it. Of any
other table, both samples are drawn from the holdout, so that every alarm is false.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from evergreen.contract.feature import Feature
from evergreen.errors import InvalidSettings
from evergreen.monitoring.drift.alarm import assess
from evergreen.monitoring.drift.comparison import compare
from evergreen.monitoring.drift.history import NOTHING, History
from evergreen.monitoring.drift.past import Past
from evergreen.monitoring.drift.rule import significance
from evergreen.number_text import counted, number
from evergreen.settings.sections import DriftSettings

REPLAYS = 100
# Columns that all replays of a size compare, about: of a wide table there are fewer replays, at least some.
_COLUMNS, _LEAST_REPLAYS = 10_000, 20
# Window sizes to draw, as multiples of the rule's minimum_rows.
_DRAWN_SIZES = (1, 5)
# The most rows that a replay uses as the reference. More rows would change no rate, and only cost time.
_REFERENCE_ROWS = 10_000
# A rate counts as too high only if chance alone would show it with a smaller probability than this.
_CERTAINTY = 0.01
# Rates that are tried, each so many times the one before.
_STEP = 2.0


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The result for one window size.

    Attributes:
        rows: of a window.
        checks: that were replayed.
        false_alarms: checks that alarmed.
        named: checks that named any column.
    """

    rows: int
    checks: int
    false_alarms: int
    named: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a replay needs.

    Attributes:
        table: all rows, as comparison.compare takes them.
        past: their order.
        holdout: the rows that checks compare with.
        features: those that the rule compares.
        importance: by feature.
    """

    table: pd.DataFrame
    past: Past
    holdout: pd.DataFrame
    features: Sequence[Feature]
    importance: Mapping[str, float]
    history: History


def calibrate(replay: Replay, rule: DriftSettings, *, seed: int, replays: int = REPLAYS) -> list[Calibration]:
    """Replay windows of several sizes.

    Raises:
        InvalidSettings: the rule raises more false alarms than `false_alarms_per_year`.
    """
    replays = max(_LEAST_REPLAYS, min(replays, _COLUMNS // max(1, len(replay.features))))
    found = list(_measured(replay, rule, seed=seed, replays=replays))
    exceeded = next((each for each in found if not _holds(each, rule)), None)
    if exceeded:
        nearest = _nearest_that_holds(replay, rule, seed=seed, replays=replays)
        raise InvalidSettings(_refusal(exceeded, rule, replay.history, nearest))
    return found


def _measured(replay: Replay, rule: DriftSettings, *, seed: int, replays: int) -> Iterator[Calibration]:
    generator = np.random.default_rng(seed)
    for rows, windows in _windows(replay, rule, generator, replays):
        alarms, named, checks = 0, 0, 0
        for before, now in windows:
            if len(before) < rule.minimum_rows:
                continue
            comparison = compare(before, now, replay.features, rule, history=replay.history)
            alarms += bool(assess(comparison, rule, replay.importance).reasons)
            named += any(feature.drifted for feature in comparison.features)
            checks += 1
        yield Calibration(rows=rows, checks=checks, false_alarms=alarms, named=named)


def _holds(measured: Calibration, rule: DriftSettings) -> bool:
    """Whether chance may have shown so many alarms."""
    return bool(binom.sf(measured.false_alarms - 1, measured.checks, significance(rule)) >= _CERTAINTY)


def _nearest_that_holds(replay: Replay, rule: DriftSettings, *, seed: int, replays: int) -> float | None:
    """The lowest of a few more false alarms a year that the rule holds. Each is tried: the more are asked for, the more
    the rule raises.
    """
    rate = rule.false_alarms_per_year * _STEP
    while rate <= rule.most_false_alarms:
        more = replace(rule, false_alarms_per_year=rate)
        if all(_holds(each, more) for each in _measured(replay, more, seed=seed, replays=replays)):
            return rate
        rate *= _STEP
    return None


def _windows(
    replay: Replay, rule: DriftSettings, generator: np.random.Generator, replays: int
) -> Iterator[tuple[int, Iterator[tuple[pd.DataFrame, pd.DataFrame]]]]:
    """For each size, the reference and the window of each check."""
    if replay.history.order == NOTHING:
        size = min(len(replay.holdout), _REFERENCE_ROWS)
        for rows in (rule.minimum_rows * factor for factor in _DRAWN_SIZES):
            yield (
                rows,
                (
                    (_drawn(replay.holdout, size, generator), _drawn(replay.holdout, rows, generator))
                    for _ in range(replays)
                ),
            )
        return
    for looked_at in replay.history.sizes[: len(_DRAWN_SIZES)]:
        windows = replay.past.windows(looked_at.rows)
        yield looked_at.rows, ((replay.table.iloc[each.reference], replay.table.iloc[each.rows]) for each in windows)


def _drawn(holdout: pd.DataFrame, rows: int, generator: np.random.Generator) -> pd.DataFrame:
    return holdout.iloc[generator.integers(0, len(holdout), rows)]


def _refusal(measured: Calibration, rule: DriftSettings, history: History, nearest: float | None) -> str:
    where = "windows of the table's own past" if history.order else "windows that were drawn from the holdout"
    rate = measured.false_alarms / measured.checks * rule.checks_per_year
    remedy = (
        f"the nearest rate that the rule holds is false_alarms_per_year = {nearest:g}"
        if nearest
        else "no other rate helps: take reasons out of alarm_on, or features out of the comparison by leave_out"
    )
    return (
        f"[drift] false_alarms_per_year = {rule.false_alarms_per_year:g} cannot be held: {measured.false_alarms} of "
        f"{measured.checks} {where}, {number(measured.rows)} rows each, raised an alarm, which is {number(rate)} a "
        f"year with a check every {counted(rule.every_hours, 'hour')}; {remedy}"
    )
