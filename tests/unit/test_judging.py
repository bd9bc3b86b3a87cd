"""Judge's decision, from bundles in memory."""

from typing import Any

import pytest

from evergreen.bundle import Bundle
from functions.judge.judging import judge
from tests.bundles import constant_bundle


def bundle(prediction: float, **changes: Any) -> Bundle:
    return Bundle.read(constant_bundle(prediction, **changes).__getitem__)


def test_the_first_candidate_that_beats_the_mean_is_promoted():
    assert judge(bundle(8.0), None).promote


def test_the_champion_is_measured_on_the_candidates_holdout():
    decision = judge(bundle(9.0), bundle(8.0))

    assert decision.promote
    assert decision.reason == "mae 1 beats 2 of the champion"
    assert not judge(bundle(8.0), bundle(9.0)).promote


def test_the_same_model_again_is_not_promoted():
    assert not judge(bundle(8.0), bundle(8.0)).promote


@pytest.mark.parametrize("claimed", [9.000000000000002, float("nan")])
def test_any_difference_from_scikit_learn_is_refused_with_row_and_values(claimed):
    decision = judge(bundle(9.0, claimed=claimed), None)

    assert not decision.promote
    assert "holdout row 1" in decision.reason
    assert "9.0 instead of" in decision.reason
    assert "'rooms': 1.0" in decision.reason


def test_a_champion_that_cannot_read_the_new_rows_is_compared_by_its_own_holdout():
    decision = judge(bundle(9.0, feature="size"), bundle(8.0))

    assert decision.promote
    assert "its features differ" in decision.reason
