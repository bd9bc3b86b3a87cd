"""Why a check alarms: by the share of features, by what they carry, because one is broken, or by the predictions."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.monitoring.drift import kinds
from evergreen.monitoring.drift.alarm import assess, in_words
from evergreen.monitoring.drift.comparison import PREDICTION, ColumnDrift, Comparison, compare
from evergreen.monitoring.drift.history import TIME, History
from evergreen.settings.sections import DRIFT_REASONS, DriftSettings
from tests.unit.monitoring.drift.streams import FEATURES, IMPORTANCE, table

RULE = DriftSettings()
REFERENCE = table(0.0, 2000, seed=0)
CITY = Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("Austin", "Waco"))


def window() -> pd.DataFrame:
    return table(0.0, 400, seed=1)


def names(current: pd.DataFrame, *, rule=RULE, importance=IMPORTANCE, features=FEATURES, **arguments) -> list[str]:
    reference = arguments.pop("reference", REFERENCE)
    found = assess(compare(reference, current, features, rule, **arguments), rule, importance)
    return [reason.name for reason in found.reasons]


def test_nothing_moves_and_nothing_alarms():
    assert names(window()) == []


@pytest.mark.parametrize(
    "broken",
    [
        lambda column: column * 0 - 999.0,
        lambda column: column * np.nan,
        lambda column: column * 0 + column.iloc[0],
        lambda column: column.where(np.arange(len(column)) % 20 == 0, -999.0),
    ],
    ids=["outside the range", "missing", "one value", "nearly all outside"],
)
@pytest.mark.parametrize("feature", ["a", "d"])
def test_one_broken_feature_of_four_alarms_at_the_first_check(feature, broken):
    now = window()
    now[feature] = broken(now[feature])

    found = compare(REFERENCE, now, FEATURES, RULE)
    assessed = assess(found, RULE, IMPORTANCE)

    assert "broken" in [reason.name for reason in assessed.reasons]
    assert assessed.broken == 1
    assert f"{feature} is broken: " in in_words(found, assessed)


def test_a_category_that_training_never_saw_in_all_rows_is_broken():
    reference = REFERENCE.assign(city=np.where(REFERENCE["a"] > 0, "Austin", "Waco"))

    assert "broken" in names(window().assign(city="Wacko"), reference=reference, features=(*FEATURES, CITY))


def test_what_was_so_before_is_not_broken():
    """Of most rows the value is 0, and in the reference too; or a part of the past had nothing else."""
    zeros = REFERENCE.assign(a=REFERENCE["a"].where(REFERENCE["a"] > 1.8, 0.0))
    now = window().assign(a=0.0)

    assert "broken" not in names(now, reference=zeros)
    assert "broken" not in names(now, reference=zeros, history=History())
    alike = REFERENCE.assign(city=np.where(REFERENCE["a"] > 0, "Austin", "Waco"))
    by_day = History(order=TIME, sizes=(), most={"city": {kinds.CONSTANT: 1.0}})
    worthless = replace(by_day, sizes=(_worth("city", 1.5),))
    assert "broken" not in names(
        window().assign(city="Waco"), reference=alike, features=(*FEATURES, CITY), history=worthless
    )


def _worth(column: str, rows: float):
    from evergreen.monitoring.drift.history import WindowSize

    return WindowSize(rows=200, windows=30, values={column: rows}, missing={})


def test_a_feature_that_the_model_lives_on_alarms_alone_and_one_that_it_does_not_use_never():
    used, unused = window(), window()
    used["a"] += 0.6
    unused["d"] += 0.6

    assert names(used) == ["importance"]
    assert names(unused) == []
    # It is still listed.
    assert [feature.name for feature in compare(REFERENCE, unused, FEATURES, RULE).drifted] == ["d"]
    # However large a share of the features it is.
    assert names(unused, features=FEATURES[2:]) == []


def test_many_features_alarm_by_their_share():
    now = window()
    now["b"] += 0.6
    now["c"] += 0.6
    even = {"a": 0.9, "b": 0.05, "c": 0.05, "d": 0.0}

    assert names(now, importance=even) == ["share"]
    # Without importances, the share alone decides.
    assert names(now, importance={}) == ["share"]


def test_predictions_that_move_alarm_although_no_feature_does():
    now = window()
    now[PREDICTION] += 4

    assert names(now) == ["prediction"]


@pytest.mark.parametrize("reason", DRIFT_REASONS)
def test_each_reason_can_be_switched_off(reason):
    now = window() + 5.0
    now["d"] = -999.0

    without = replace(RULE, alarm_on=[name for name in DRIFT_REASONS if name != reason])

    assert names(now) == list(DRIFT_REASONS)
    assert names(now, rule=without) == [name for name in DRIFT_REASONS if name != reason]
    assert names(now, rule=replace(RULE, alarm_on=[])) == []


def test_a_number_that_was_constant_may_move_by_a_little():
    constant = Feature(name="a", type=NUMBER, missing_allowed=True, minimum=5.0, maximum=5.0)
    features, reference = (constant, *FEATURES[1:]), REFERENCE.assign(a=5.0)

    assert names(window().assign(a=5.0001), reference=reference, features=features) == []
    assert names(window().assign(a=5.2), reference=reference, features=features) == ["importance", "broken"]


def test_the_sentence_names_what_drifted_and_why_that_is_no_reason():
    column = ColumnDrift(name="d", distance=0.3, reasons=("moved",))
    still = [ColumnDrift(name=name, distance=0.0) for name in "abc"]
    found = Comparison(features=(*still, column), prediction=None)

    words = in_words(found, assess(found, RULE, IMPORTANCE))

    assert words == (
        "d drifted, which is no reason to alarm: it is 25% of the features and carries 0% of the importance"
    )
    none = Comparison(features=tuple(still), prediction=None)
    assert in_words(none, assess(none, RULE, IMPORTANCE)) == "none of 3 features has drifted"
