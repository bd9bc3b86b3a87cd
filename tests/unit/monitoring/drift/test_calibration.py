"""The rule on windows without drift: a sane one passes, one that cries wolf is refused with the nearest that holds."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import InvalidSettings
from evergreen.judging.dependence import Units
from evergreen.monitoring.drift import calibration
from evergreen.monitoring.drift.calibration import Calibration, Replay, calibrate
from evergreen.monitoring.drift.comparison import PREDICTION
from evergreen.monitoring.drift.history import History
from evergreen.monitoring.drift.past import Past, look_back, past_of
from evergreen.settings.sections import DriftSettings
from tests.unit.monitoring.drift.streams import FEATURES, IMPORTANCE, PREDICTED, table

SANE = DriftSettings()
# A check a day that alarms on nearly any difference, once in twenty days if rows are independent.
JUMPY = DriftSettings(false_alarms_per_year=18.0, share=0.01, importance=0.01, smallest_shift=0.001)
HOLDOUT = 1000


def replay(rows: pd.DataFrame, rule: DriftSettings, *, units: Units, known: bool = True) -> Replay:
    """Of a table whose last rows are the holdout.

    Args:
        known: whether the history of the past is looked at.
    """
    past = past_of(rows, units, rule, reference=HOLDOUT, seed=0)
    history = look_back(rows, past, [*FEATURES, PREDICTED], rule) if known else History(order=past.order)
    return Replay(
        table=rows, past=past, holdout=rows.iloc[-HOLDOUT:], features=FEATURES, importance=IMPORTANCE, history=history
    )


def calibrated(rows: pd.DataFrame, rule: DriftSettings, *, units: Units, **arguments) -> list[Calibration]:
    return calibrate(replay(rows, rule, units=units), rule, seed=0, **arguments)


def test_independent_rows_raise_no_false_alarm_at_any_size():
    measured = calibrated(table(0.0, 3000, seed=0), SANE, units=Units(), replays=60)

    assert [(item.rows, item.checks) for item in measured] == [(200, 60), (1000, 60)]
    assert [item.false_alarms for item in measured] == [0, 0]


def test_a_wide_table_is_replayed_less_often(monkeypatch):
    one = replay(table(0.0, 3000, seed=0), SANE, units=Units())
    monkeypatch.setattr(calibration, "_COLUMNS", 30 * len(FEATURES))
    wide = replace(one, features=[*FEATURES] * 2)

    assert [item.checks for item in calibrate(one, SANE, seed=0)] == [30, 30]
    assert [item.checks for item in calibrate(wide, SANE, seed=0)] == [20, 20], "fewer than 20 would tell nothing"


def test_rows_in_time_are_replayed_by_the_tables_own_windows():
    rows = table(0.95, 8000, seed=1)

    measured = calibrated(rows, SANE, units=Units(moments=np.arange(len(rows))))

    # What is left of the table before its windows is the reference of the first.
    assert [(item.rows, item.checks) for item in measured] == [(200, 35)]
    assert [item.as_dict()["false_alarms"] for item in measured] == [0]


def test_a_rule_that_cries_wolf_on_the_tables_own_past_is_refused_with_the_nearest_rate_that_holds():
    """Windows of such rows move far. A past that is not looked at explains nothing of it."""
    rows = table(0.95, 8000, seed=1)
    units = Units(moments=np.arange(len(rows)))
    blind = replace(replay(rows, SANE, units=units), history=History(order="time", sizes=_sizes_without_worth()))

    with pytest.raises(InvalidSettings) as refusal:
        calibrate(blind, SANE, seed=0)

    message = str(refusal.value)
    assert "[drift] false_alarms_per_year = 1 cannot be held" in message
    assert "windows of the table's own past, 200 rows each" in message
    assert message.endswith(
        "no other rate helps: take reasons out of alarm_on, or features out of the comparison by leave_out"
    )


def _sizes_without_worth():
    rows = table(0.0, 3000, seed=0)
    past = past_of(rows, Units(moments=np.arange(3000)), SANE, reference=HOLDOUT, seed=0)
    return tuple(replace(size, values={}, missing={}) for size in look_back(rows, past, FEATURES, SANE).sizes)


def test_the_nearest_rate_that_is_named_holds():
    rows = table(0.55, 12_000, seed=4)
    units = Units(moments=np.arange(len(rows)))
    rule = replace(SANE, every_hours=1)
    blind = replace(replay(rows, rule, units=units), history=History(order="time", sizes=_sizes_without_worth()))

    with pytest.raises(InvalidSettings) as refusal:
        calibrate(blind, rule, seed=0)
    nearest = float(re.search(r"holds is false_alarms_per_year = ([\d.]+)", str(refusal.value))[1])

    assert calibrate(blind, replace(rule, false_alarms_per_year=nearest), seed=0)


def test_windows_without_enough_rows_of_their_season_are_not_checked():
    rows = table(0.0, 4000, seed=0).assign(season=np.repeat(np.arange(40.0), 100))
    rule = replace(SANE, season="season")

    measured = calibrated(rows, rule, units=Units(moments=np.arange(len(rows))))

    assert all(item.checks == 0 for item in measured)


def test_the_sizes_of_drawn_windows_follow_from_the_least_that_the_rule_asks_for():
    measured = calibrated(table(0.0, 3000, seed=0), replace(SANE, minimum_rows=60), units=Units(), replays=5)

    assert [item.rows for item in measured] == [60, 300]


def test_the_same_seed_gives_the_same_result_and_another_one_another():
    rows = table(0.0, 3000, seed=0)
    jumpy = replay(rows, JUMPY, units=Units())

    def named(seed: int) -> list[int]:
        return [item.named for item in calibrate(jumpy, JUMPY, seed=seed, replays=40)]

    assert named(1) == named(1)
    assert len({tuple(named(seed)) for seed in range(1, 6)}) > 1


def test_a_prediction_that_moves_is_an_alarm_of_the_replay_too():
    rows = table(0.0, 3000, seed=0)
    rows.loc[:999, PREDICTION] += 100.0
    past = Past(order="time", rows=np.arange(3000), reference=1000)
    history = History(order="time", sizes=_sizes_without_worth())
    moved = Replay(
        table=rows, past=past, holdout=rows.iloc[-HOLDOUT:], features=FEATURES, importance=IMPORTANCE, history=history
    )

    with pytest.raises(InvalidSettings, match="false_alarms_per_year"):
        calibrate(moved, SANE, seed=0)
