"""What a table's own past explains of a move, and what it does not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.judging.dependence import Units
from evergreen.monitoring.drift import kinds
from evergreen.monitoring.drift.alarm import assess
from evergreen.monitoring.drift.comparison import PREDICTION, compare
from evergreen.monitoring.drift.history import GROUP, NOTHING, TIME, History
from evergreen.monitoring.drift.past import look_back, past_of
from evergreen.settings.sections import DriftSettings
from tests.unit.monitoring.drift.streams import FEATURES, IMPORTANCE, PREDICTED, table

RULE = DriftSettings()
REFERENCE, WINDOW = 3000, 600


def looked_back(rows: pd.DataFrame, units: Units, *, rule=RULE, reference=REFERENCE, columns=(*FEATURES, PREDICTED)):
    return look_back(rows, past_of(rows, units, rule, reference=reference, seed=0), columns, rule)


def in_time(rows: pd.DataFrame) -> Units:
    return Units(moments=np.arange(len(rows)))


def checks(coefficient: float, count: int, *, known: bool):
    """Whether each check of a stream in which nothing moves alarms: 3,000 reference rows against the next 600."""
    for seed in range(count):
        rows = table(coefficient, 9 * REFERENCE + WINDOW, seed=seed)
        before, now = rows.iloc[: 9 * REFERENCE], rows.iloc[9 * REFERENCE :]
        history = looked_back(before, in_time(before)) if known else History()
        found = compare(before.iloc[-REFERENCE:], now, FEATURES, RULE, history=history)
        yield bool(assess(found, RULE, IMPORTANCE).reasons)


def test_rows_that_follow_each_other_raise_no_alarm_when_nothing_moves():
    """Without their past, they did in most checks."""
    assert sum(checks(0.95, 12, known=False)) >= 9
    assert sum(checks(0.95, 30, known=True)) == 0


@pytest.mark.parametrize(
    ("coefficient", "shift", "rows"), [(0.0, 0.5, 1000), (0.9, 1.0, 1000)], ids=["independent", "autoregressive"]
)
def test_a_move_of_the_most_important_feature_is_found(coefficient, shift, rows):
    found = 0
    for seed in range(20):
        whole = table(coefficient, 38 * rows, seed=seed)
        before, now = whole.iloc[: 37 * rows], whole.iloc[37 * rows :].copy()
        now["a"] += shift
        history = looked_back(before, in_time(before), reference=7 * rows)
        comparison = compare(before.iloc[-7 * rows :], now, FEATURES, RULE, history=history)
        found += [reason.name for reason in assess(comparison, RULE, IMPORTANCE).reasons].count("importance")
    assert found >= 17


def test_the_more_rows_depend_on_each_other_the_fewer_they_are_worth():
    worths = []
    for coefficient in (0.0, 0.5, 0.9, 0.99):
        rows = table(coefficient, 12_000, seed=0)
        (smallest, *_) = looked_back(rows, in_time(rows)).sizes
        worths.append(smallest.values["a"])

    assert worths == sorted(worths, reverse=True)
    # Of independent rows, half the harmonic mean of 200 and 3,000, but for the bias of the least of several.
    assert 100 < worths[0] < 230
    assert worths[-1] < 5


def test_rows_in_groups_are_walked_through_group_by_group():
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(60), 100))
    generator = np.random.default_rng(1)
    rows = table(0.0, 6000, seed=0).assign(a=generator.standard_normal(60)[groups] + 0.1 * generator.normal(size=6000))

    history = looked_back(rows, Units(groups=groups), reference=1200)

    assert history.order == GROUP
    assert history.sizes[0].windows == 24
    assert history.sizes[0].values["a"] < 5 < 50 < history.sizes[0].values["b"]


def test_groups_bound_the_degrees_of_freedom():
    groups = np.repeat(np.arange(6), 1000)

    assert looked_back(table(0.0, 6000, seed=0), Units(groups=groups), reference=1200).sizes[0].windows == 5


@pytest.mark.parametrize(
    "units", [Units(), Units(groups=np.zeros(6000, int))], ids=["nothing is known", "a single group"]
)
def test_without_an_order_rows_count_as_independent(units):
    history = looked_back(table(0.95, 6000, seed=0), units)

    assert history == History()
    assert history.order == NOTHING


def test_rows_are_walked_through_in_the_order_of_time_whatever_their_own():
    rows = table(0.95, 6000, seed=0)

    forwards = looked_back(rows, in_time(rows))
    backwards = looked_back(rows.iloc[::-1].reset_index(drop=True), Units(moments=np.arange(6000)[::-1]))

    assert forwards == backwards
    assert forwards.order == TIME


def test_a_table_too_short_for_the_checks_windows_is_walked_through_in_shorter_ones():
    rows = table(0.9, 500, seed=0)

    history = looked_back(rows, in_time(rows), reference=100)

    assert [(size.rows, size.windows) for size in history.sizes] == [(50, 8)]
    # A larger window is worth as much as that at least; more is not known.
    shift = _shift(rows, 0.0)
    assert history.p_value("a", shift, rows=200) == history.p_value("a", shift, rows=5000)


def _shift(rows: pd.DataFrame, by: float):
    from evergreen.monitoring.drift.comparison import shift_of

    return shift_of(rows["a"].iloc[:250], rows["a"].iloc[250:] + by, FEATURES[0])


def test_a_table_too_short_for_any_window_has_no_past():
    rows = table(0.9, 100, seed=0)

    assert looked_back(rows, in_time(rows), reference=50) == History()


def test_a_window_smaller_than_any_of_the_past_is_worth_its_part():
    rows = table(0.9, 12_000, seed=0)
    history = looked_back(rows, in_time(rows))
    shift = _shift(rows, 0.8)

    found = [history.p_value("a", shift, rows=size) for size in (50, 100, 200)]

    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 3


def test_few_windows_of_the_past_tell_less_than_many():
    rows = table(0.9, 12_000, seed=0)
    many = looked_back(rows, in_time(rows))
    few = replace(many, sizes=tuple(replace(size, windows=8) for size in many.sizes))
    shift = _shift(rows, 1.5)

    assert few.p_value("a", shift, rows=200) > 10 * many.p_value("a", shift, rows=200)
    assert few.smallest_visible("a", rows=200, reference=3000, p_value=1e-4) > many.smallest_visible(
        "a", rows=200, reference=3000, p_value=1e-4
    )


def test_a_season_is_compared_with_its_own():
    """Every quarter of a year has another level; windows of a quarter stand out only without the season."""
    quarter = (np.arange(12_000) // 300) % 4
    rows = table(0.0, 12_000, seed=0)
    rows["a"] += 3 * quarter
    rows["quarter"] = quarter.astype(float)

    without = looked_back(rows, in_time(rows), reference=2400)
    with_season = looked_back(rows, in_time(rows), rule=replace(RULE, season="quarter"), reference=2400)

    assert with_season.sizes[0].values["a"] > 5 * without.sizes[0].values["a"]


def test_categories_and_missing_values_have_a_past_of_their_own():
    days = np.arange(12_000) // 200
    generator = np.random.default_rng(0)
    city = np.where(generator.random(60) < 0.5, "Austin", "Waco")[days].astype(object)
    gone = (generator.random(60) < 0.2)[days] & (generator.random(12_000) < 0.5)
    rows = pd.DataFrame({"city": city, "size": np.where(gone, np.nan, generator.standard_normal(12_000))})
    columns = (
        Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("Austin", "Waco")),
        Feature(name="size", type=NUMBER, missing_allowed=True, minimum=-9, maximum=9),
    )

    history = looked_back(rows, in_time(rows), columns=columns)

    smallest = history.sizes[0]
    assert smallest.values["city"] < 3
    assert smallest.values["size"] > 50 > 10 > smallest.missing["size"]
    assert "city" not in smallest.missing
    assert history.most["city"][kinds.CONSTANT] == 1.0
    assert 0.4 < history.most["size"][kinds.MISSING] < 0.6


def test_what_leaves_the_range_in_the_past_too_is_not_new():
    """A number that only grows leaves its range in every window."""
    rows = pd.DataFrame({"a": np.arange(6000.0), "b": np.random.default_rng(0).standard_normal(6000)})

    most = looked_back(rows, in_time(rows), columns=FEATURES[:2]).most

    assert most["a"][kinds.OUTSIDE] == 1.0
    assert most["b"][kinds.OUTSIDE] < 0.05


def test_a_history_is_the_same_after_it_was_stored():
    rows = table(0.9, 12_000, seed=0)
    history = looked_back(rows, in_time(rows))

    assert History.from_dict(history.as_dict()) == history


def test_predictions_have_a_past():
    rows = table(0.9, 12_000, seed=0)

    assert looked_back(rows, in_time(rows)).sizes[0].values[PREDICTION] < 50
