"""How often the whole rule of the drift check alarms when nothing is wrong, measured at training.

A table with a known order shows it by its own past: each window of it is checked against the rows before it. Of any
other table, both samples are drawn from the holdout, so that every alarm is false.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from evergreen.contract.contract import Feature
from evergreen.errors import InvalidSettings
from evergreen.monitoring.drift.alarm import assess
from evergreen.monitoring.drift.comparison import compare
from evergreen.monitoring.drift.history import NOTHING, History
from evergreen.monitoring.drift.past import Past
from evergreen.monitoring.drift.rule import significance
from evergreen.number_text import counted, number
from evergreen.settings.sections import DriftSettings

REPLAYS = 100
# Window sizes to draw, as multiples of the rule's minimum_rows.
_DRAWN_SIZES = (1, 5)
# The most rows that a replay uses as the reference. More rows would change no rate, and only cost time.
_REFERENCE_ROWS = 10_000
# A rate counts as too high only if chance alone would show it with a smaller probability than this.
_CERTAINTY = 0.01


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
    generator = np.random.default_rng(seed)
    found = []
    for rows, windows in _windows(replay, rule, generator, replays):
        alarms, named, checks = 0, 0, 0
        for before, now in windows:
            if len(before) < rule.minimum_rows:
                continue
            comparison = compare(before, now, replay.features, rule, history=replay.history)
            alarms += bool(assess(comparison, rule, replay.importance).reasons)
            named += any(feature.drifted for feature in comparison.features)
            checks += 1
        measured = Calibration(rows=rows, checks=checks, false_alarms=alarms, named=named)
        if checks and binom.sf(alarms - 1, checks, significance(rule)) < _CERTAINTY:
            raise InvalidSettings(_refusal(measured, rule, replay.history))
        found.append(measured)
    return found


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


def _refusal(measured: Calibration, rule: DriftSettings, history: History) -> str:
    rate = measured.false_alarms / measured.checks
    where = "windows of the table's own past" if history.order else "windows that were drawn from the holdout"
    # Rounded up: a rate that is rounded down would still be exceeded.
    nearest = math.ceil(10 * rate * rule.checks_per_year) / 10
    remedy = (
        f"set false_alarms_per_year = {nearest:g}"
        if nearest <= rule.most_false_alarms
        else "take reasons out of alarm_on, or leave features out of the comparison by leave_out"
    )
    return (
        f"[drift] false_alarms_per_year = {rule.false_alarms_per_year:g} cannot be held: {measured.false_alarms} of "
        f"{measured.checks} {where}, {number(measured.rows)} rows each, raised an alarm, which is {number(nearest)} a "
        f"year with a check every {counted(rule.every_hours, 'hour')}. To hold what is asked for, {remedy}"
    )
