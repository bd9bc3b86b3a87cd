"""The gates that compare metrics, as values; and how often chance gets through them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from benchmarks.judging.rates import promoted
from evergreen.judging.bootstrap import Gain
from evergreen.judging.dependence import Worth
from evergreen.judging.improvement import (
    MINIMUM_DIFFERING,
    Comparison,
    Slice,
    better_than_baseline,
    better_than_champion,
    first_champion,
    no_slice_much_worse,
    not_comparable,
)

ALL = Worth(rows=700, independent=700, degrees=699, by=("time",))
BETTER = Comparison(
    metric="mape",
    candidate=0.3,
    champion=0.4,
    gain=Gain(value=0.1, low=0.02, high=0.18, differing=700, worth=ALL, score=2.4),
    rows=700,
)


# Of a bundle that does not say what its baseline predicts.
against_baseline = partial(better_than_baseline, gain=None, confidence=0.975)


def compared(value: float, low: float, high: float, *, differing: int = 700, worth: Worth = ALL) -> Comparison:
    gain = Gain(value=value, low=low, high=high, differing=differing, worth=worth, score=0.0)
    return replace(BETTER, candidate=BETTER.champion - value, gain=gain)


def test_a_candidate_must_beat_the_baseline_and_not_only_reach_it():
    assert against_baseline("mape", 0.4, 0.5).passed
    assert not against_baseline("mape", 0.5, 0.5).passed
    assert not against_baseline("mape", 0.6, 0.5).passed
    assert not against_baseline("mape", float("nan"), 0.5).passed


def test_where_higher_is_better_the_baseline_is_beaten_from_above():
    assert against_baseline("accuracy", 0.7, 0.6).passed
    assert not against_baseline("accuracy", 0.5, 0.6).passed


def test_the_baseline_is_named_after_the_task():
    assert (
        "40% beats 50% of always predicting the median weighed by 1 / target"
        in against_baseline("mape", 0.4, 0.5).reason
    )
    gate = against_baseline("accuracy", 0.5, 0.6)
    assert "no better than 60% of always predicting the commonest class" in gate.reason


@pytest.mark.parametrize("value", [0.4, 0.6])
def test_without_a_comparable_champion_the_baseline_decides(value):
    baseline = against_baseline("mape", value, 0.5)

    assert first_champion(baseline).passed is baseline.passed
    assert first_champion(baseline).reason.startswith("first champion: mape")
    assert not_comparable("the champion predicts rents", baseline).passed is baseline.passed
    assert not_comparable("the champion predicts rents", baseline).reason.endswith("; the champion predicts rents")


def test_a_gain_whose_lower_bound_is_above_zero_is_beyond_noise():
    gate = better_than_champion(BETTER, confidence=0.975)

    assert gate.passed
    assert gate.reason == (
        "mape 30% beats 40% of the champion beyond noise: by 10 points, and by at least 2 points "
        "at 97.5% confidence (700 rows)"
    )
    assert gate.numbers["gain_low"] == 0.02
    assert gate.numbers["confidence"] == 0.975


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            compared(0.1, 0.0, 0.2),
            "beyond noise: the gain of 10 points may as well be 0 points at 97.5% confidence (700 rows)",
        ),
        (compared(0.1, -0.05, 0.25), "beyond noise: the gain of 10 points may as well be -5 points"),
        (compared(-0.1, -0.2, -0.05), "mape 50% is no better than 40% of the champion"),
        (compared(0.0, 0.0, 0.0), "no better than 40% of the champion"),
        (compared(float("nan"), float("nan"), float("nan")), "no better than"),
    ],
)
def test_a_gain_that_chance_explains_is_none(found, words):
    gate = better_than_champion(found, confidence=0.975)

    assert not gate.passed
    assert "is no better than" in gate.reason
    assert words in gate.reason


def test_models_that_differ_on_too_few_rows_are_not_told_apart():
    few, enough = (compared(0.1, 0.02, 0.2, differing=rows) for rows in (MINIMUM_DIFFERING - 1, MINIMUM_DIFFERING))

    assert better_than_champion(enough, confidence=0.975).passed
    gate = better_than_champion(few, confidence=0.975)
    assert not gate.passed
    assert "they differ on 9 of 700 rows, and 10 are needed" in gate.reason


def test_rows_that_depend_on_each_other_count_for_fewer():
    worth = Worth(rows=700, independent=210, degrees=209, by=("time", "group"))

    gate = better_than_champion(compared(0.1, 0.02, 0.2, worth=worth), confidence=0.975)

    assert gate.reason.endswith("at 97.5% confidence (700 rows, worth about 210 independent)")
    assert gate.numbers["independent_rows"] == 210
    assert gate.numbers["depends_on"] == "time, group"


def test_rows_of_unknown_dependence_are_said_to_be_taken_as_independent():
    worth = Worth(rows=700, independent=700, degrees=699)

    gate = better_than_champion(compared(0.1, 0.02, 0.2, worth=worth), confidence=0.975)

    assert gate.reason.endswith("(700 rows, taken as independent)")


def test_rows_worth_too_few_independent_ones_tell_nothing():
    few = Worth(rows=700, independent=19, degrees=18, by=("time",))
    gate = better_than_champion(compared(0.1, 0.02, 0.2, worth=few), confidence=0.975)

    assert not gate.passed
    assert "there are 700 rows, worth about 19 independent, and 20 independent rows are needed to tell" in gate.reason

    # 30 of 700 rows differ, and are worth a tenth of that.
    tenth = Worth(rows=700, independent=70, degrees=69, by=("time",))
    gate = better_than_champion(compared(0.1, 0.02, 0.2, worth=tenth, differing=30), confidence=0.975)

    assert not gate.passed
    assert "they differ on 30 of 700 rows, worth about 3 independent, and 10 are needed to tell" in gate.reason


def slices(*found: Comparison) -> list[Slice]:
    return [Slice(feature="city", value=f"town {place}", comparison=each) for place, each in enumerate(found)]


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        (compared(-0.1, -0.2, -0.01), False),  # a quarter worse, and surely so
        (compared(-0.1, -0.2, 0.0), True),  # a quarter worse, but chance may explain it
        (compared(-0.05, -0.06, -0.01), True),  # surely worse, but by less than is tolerated
        (compared(-0.1, -0.2, -0.01, differing=9), True),  # too few rows
        (compared(0.2, 0.1, 0.3), True),
    ],
)
def test_a_slice_is_much_worse_when_it_is_so_by_more_than_is_tolerated_and_beyond_noise(found, passed):
    assert no_slice_much_worse(slices(BETTER, found), tolerance=0.2).passed is passed


def test_the_worst_slice_is_named_and_the_others_counted():
    bad, worse = compared(-0.1, -0.2, -0.01), compared(-0.3, -0.4, -0.2)

    gate = no_slice_much_worse(slices(bad, worse, BETTER), tolerance=0.2)

    assert gate.reason == (
        "where city is town 1, mape 70% is much worse than 40% of the champion (700 rows, 20% are tolerated) "
        "(and 1 more)"
    )
    assert gate.numbers["worse"] == 2


def test_without_slices_none_is_much_worse():
    gate = no_slice_much_worse([], tolerance=0.2)

    assert gate.passed
    assert "no guarded slice" in gate.reason


# A small version of docs/judging.md, where every metric is measured. With fixed seeds these counts are facts, not luck.
@pytest.mark.parametrize("metric", ["mape", "rmse", "log_loss", "f1_macro"])
def test_a_model_as_good_as_the_champion_is_hardly_ever_promoted(metric):
    generator = np.random.default_rng(0)

    assert sum(promoted(metric, 100, generator, margin=0.0) for _ in range(40)) <= 2


@pytest.mark.parametrize("metric", ["mape", "mae"])
def test_a_model_with_a_fifth_less_error_is_promoted_nearly_always(metric):
    generator = np.random.default_rng(0)

    assert sum(promoted(metric, 700, generator, margin=0.2) for _ in range(20)) >= 16
