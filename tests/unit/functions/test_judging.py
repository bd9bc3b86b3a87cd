"""Judge's decision, from bundles in memory."""

import json
from typing import Any

import pytest

from evergreen.judging.card_decision import CARD_MARKDOWN
from evergreen.judging.promotion import Decision, Gate
from evergreen.settings.sections import ALLOW, PromotionSettings
from evergreen.versions.bundle import CONTRACT, METRICS, MODEL, Bundle
from functions.judge.judging import judge
from tests.bundles import ROWS, changed, constant_bundle, signed


def bundle(prediction: float, **changes: Any) -> Bundle:
    return Bundle.read(constant_bundle(prediction, **changes).__getitem__)


def gate(decision: Decision, name: str) -> Gate:
    return next(gate for gate in decision.gates if gate.name == name)


def closed(decision: Decision) -> list[str]:
    return [gate.name for gate in decision.gates if not gate.passed]


def allowing(**settings: Any) -> PromotionSettings:
    return PromotionSettings(contract_changes=ALLOW, **settings)


def test_the_first_candidate_that_beats_the_mean_is_promoted():
    decision = judge(bundle(8.0), None)

    assert decision.promote
    assert decision.reason == "first champion: mae 2 beats 5 of always predicting the median"
    assert not judge(bundle(15.0), None).promote


def test_a_candidate_that_beats_the_baseline_by_luck_alone_is_refused():
    # Nearer to 22 of 40 truths, and farther from the others by as much.
    decision = judge(bundle(0.0, truths=[-1.0] * 22 + [1.0] * 18, baseline=0.1), None)
    found = gate(decision, "baseline")

    assert closed(decision) == ["baseline", "champion"]
    assert found.numbers["candidate"] < found.numbers["baseline"]
    assert found.reason.startswith(
        "mae 1 is no better than 1.01 of always predicting the median beyond noise: the gain of 0.01 may as well be -0"
    )
    assert "at 97.5% confidence" in found.reason


def test_a_candidate_that_surely_beats_the_baseline_is_promoted():
    decision = judge(bundle(8.0, baseline=15.0), None)

    assert decision.promote
    assert decision.reason == "first champion: mae 2 beats 5 of always predicting the median"


def test_every_gate_is_looked_at_in_the_order_of_its_weight():
    decision = judge(bundle(9.0), bundle(8.0))

    assert [gate.name for gate in decision.gates] == [
        "parity",
        "documents",
        "size",
        "latency",
        "contract",
        "baseline",
        "champion",
        "slices",
    ]


def test_the_champion_is_measured_on_the_candidates_holdout():
    # On its own holdout it made no error at all.
    champion = bundle(8.0, truths=[8.0] * ROWS)

    decision = judge(bundle(9.0), champion)

    assert decision.promote
    assert decision.reason.startswith("mae 1 beats 2 of the champion beyond noise: by 1")
    assert not judge(bundle(8.0), bundle(9.0)).promote


def test_a_candidate_that_is_better_by_luck_alone_is_refused():
    # Better on 7 of 12 rows, by as much as it is worse on the others.
    decision = judge(bundle(9.0, truths=[9.0] * 7 + [8.0] * 5), bundle(8.0))

    assert closed(decision) == ["champion"]
    assert "is no better than" in decision.reason
    assert "beyond noise" in decision.reason


def test_the_same_model_again_is_not_promoted():
    decision = judge(bundle(8.0), bundle(8.0))

    assert closed(decision) == ["champion"]
    assert decision.reason == "it is the same model as the champion"


@pytest.mark.parametrize("claimed", [9.000000000000002, float("nan")])
def test_any_difference_from_scikit_learn_is_refused_with_row_and_values(claimed):
    decision = judge(bundle(9.0, claimed=claimed), None)

    assert not decision.promote
    assert "holdout row 1" in decision.reason
    assert "9.0 instead of" in decision.reason
    assert "'rooms': 1.0" in decision.reason


def test_a_bundle_without_its_card_is_refused_and_the_other_gates_are_told_all_the_same():
    files = constant_bundle(7.0)
    del files[CARD_MARKDOWN]

    decision = judge(Bundle.read(signed(files).__getitem__), bundle(8.0))

    assert closed(decision) == ["documents", "champion"]
    assert CARD_MARKDOWN in decision.reason


def test_a_model_that_is_too_large_is_refused():
    decision = judge(bundle(9.0, promotion=PromotionSettings(max_model_mb=0.0001)), None)

    assert closed(decision) == ["size"]
    assert gate(decision, "size").numbers["megabytes"] == pytest.approx(len(bundle(9.0).files[MODEL]) / 1e6)


def test_the_median_time_of_a_row_is_held_against_the_budget():
    ticks = iter(range(10_000))

    # Every look at the clock is a second later than the one before, so that a row takes a second.
    decision = judge(bundle(9.0), None, clock=lambda: float(next(ticks)))

    assert closed(decision) == ["latency"]
    assert gate(decision, "latency").numbers["milliseconds"] == 1000.0


def test_a_feature_more_is_refused_until_model_toml_allows_it():
    candidate = {"prediction": 9.0, "towns": ["Waco"] * ROWS}

    refused = judge(bundle(**candidate), bundle(8.0))
    allowed = judge(bundle(**candidate, promotion=allowing()), bundle(8.0))

    assert closed(refused) == ["contract"]
    assert "'town' is new" in refused.reason
    assert allowed.promote


def test_a_champion_that_cannot_read_the_new_rows_is_compared_by_its_own_holdout():
    towns = ["Waco"] * ROWS
    candidate = bundle(9.0, feature="size", towns=towns, promotion=allowing(slices=["size"]))

    assert judge(candidate, bundle(8.0, towns=towns)).promote
    decision = judge(candidate, bundle(8.0, towns=towns, truths=[8.0] * ROWS))
    assert not decision.promote
    assert "mae 1 is no better than 0 of the champion (measured on the champion's own holdout" in decision.reason


def test_rows_that_the_champion_cannot_read_are_left_out_of_the_comparison():
    champion = bundle(8.0, towns=["Waco"] * ROWS)
    # It is right on every row that it can read, and may not see those on which the candidate is.
    candidate = bundle(9.0, towns=[None] * ROWS + ["Waco"] * ROWS, truths=[9.0] * ROWS + [8.0] * ROWS)

    decision = judge(candidate, champion)

    assert closed(decision) == ["champion"]
    assert decision.reason == "mae 1 is no better than 0 of the champion (on the rows that it can read, of 24)"


def test_a_champion_that_predicts_something_else_is_no_measure():
    champion = changed(constant_bundle(10.0), CONTRACT, target="rent")

    decision = judge(bundle(9.0, promotion=allowing()), Bundle.read(champion.__getitem__))

    assert decision.promote
    assert decision.reason.endswith("the champion predicts another target, 'rent'")


def test_a_champion_of_which_the_metric_is_not_known_is_no_measure():
    """It predicts a number without a logarithm; and the decision stays JSON."""
    measured = {"metric": "rmsle", "baseline": {"rmsle": 5.0}, "baseline_model": None}
    candidate = changed(constant_bundle(9.0), METRICS, **measured)

    decision = judge(Bundle.read(candidate.__getitem__), bundle(-2.0))

    assert decision.promote
    assert "cannot be compared with the champion: rmsle takes the logarithm" in decision.reason
    json.dumps(decision.as_dict(), allow_nan=False)


ANOTHER_TABLE = "the champion is of another table: no feature that both have has a value in common"


def with_range(files: dict[str, bytes], minimum: float, maximum: float) -> Bundle:
    (feature,) = json.loads(files[CONTRACT])["features"]
    return Bundle.read(
        changed(files, CONTRACT, features=[{**feature, "minimum": minimum, "maximum": maximum}]).__getitem__
    )


def test_a_champion_whose_features_are_all_others_is_no_measure():
    # On its own holdout, which is of another table, the champion made no error at all.
    decision = judge(bundle(9.0, feature="size", promotion=allowing()), bundle(8.0, truths=[8.0] * ROWS))

    assert decision.promote
    assert decision.reason == f"mae 1 beats 5 of always predicting the median; {ANOTHER_TABLE}"


def test_a_table_with_the_same_columns_and_no_value_in_common_is_another_one():
    champion = with_range(constant_bundle(8.0), 100.0, 200.0)
    refused = judge(with_range(constant_bundle(9.0), 1.0, 6.0), champion)
    allowed = judge(with_range(constant_bundle(9.0, promotion=allowing()), 1.0, 6.0), champion)

    assert closed(refused) == ["contract"]
    assert "rooms has not one value in common with before: the table is another one" in refused.reason
    assert allowed.promote
    for decision in (refused, allowed):
        assert gate(decision, "champion").reason.endswith(ANOTHER_TABLE)
        assert gate(decision, "slices").reason == ANOTHER_TABLE


def test_tables_whose_ranges_meet_are_compared():
    decision = judge(with_range(constant_bundle(9.0), 1.0, 6.0), with_range(constant_bundle(8.0), 6.0, 200.0))

    assert decision.reason.startswith("mae 1 beats 2 of the champion beyond noise")


def test_a_champion_of_another_task_is_no_measure():
    champion = changed(constant_bundle(10.0), CONTRACT, task="classification", classes=["high", "low"])

    decision = judge(bundle(9.0, promotion=allowing()), Bundle.read(champion.__getitem__))

    assert decision.promote
    assert "mae does not apply to the champion, a model of classification" in decision.reason


def test_a_town_that_gets_much_worse_closes_the_gate_though_all_in_all_it_is_better():
    towns = ["Austin"] * 60 + ["Waco"] * 30
    truths = [9.0] * 60 + [8.0] * 30
    guarded = bundle(9.0, towns=towns, truths=truths, promotion=PromotionSettings(slices=["town"]))
    free = bundle(9.0, towns=towns, truths=truths)
    champion = bundle(8.0, towns=towns, truths=truths)

    decision = judge(guarded, champion)

    assert closed(decision) == ["slices"]
    assert "where town is Waco, mae 1 is much worse than 0 of the champion (30 rows" in decision.reason
    assert judge(free, champion).promote


def test_a_slice_of_few_rows_is_not_judged():
    towns = ["Austin"] * 60 + ["Waco"] * 9
    truths = [9.0] * 60 + [8.0] * 9
    slices = PromotionSettings(slices=["town"])

    decision = judge(bundle(9.0, towns=towns, truths=truths, promotion=slices), bundle(8.0, towns=towns, truths=truths))

    assert decision.promote
    assert gate(decision, "slices").numbers["slices"] == 1


def test_judging_twice_gives_the_same_but_for_the_time_of_a_row():
    pair = bundle(9.0, truths=[9.0] * 7 + [8.0] * 5), bundle(8.0)

    one, other = (judge(*pair, clock=lambda: 0.0) for _ in range(2))

    assert one == other


def test_the_metric_is_taken_of_the_rows_and_not_of_what_metrics_json_claims():
    files = changed(constant_bundle(9.0), METRICS, holdout={"mae": 0.0})

    decision = judge(Bundle.read(files.__getitem__), bundle(9.5))

    assert "mae 1 is no better than 0.5 of the champion" in decision.reason
