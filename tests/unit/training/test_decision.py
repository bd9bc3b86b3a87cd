"""The threshold between two classes: chosen as asked, on rows that the fit had not seen."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score

from evergreen import portable
from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER, Feature
from evergreen.errors import InvalidSettings
from evergreen.judging.dependence import INDEPENDENT, Units
from evergreen.metrics import CLASSIFICATION
from evergreen.settings.sections import DataSettings, DecisionSettings, EstimatorSettings, ModelSettings, SplitSettings
from training.fitting.decision import choose, decided, summary
from training.fitting.evaluation import predict
from training.preparing.rows import TrainingRows
from training.train import fit

CONTRACT = Contract(
    task=CLASSIFICATION,
    target="fraud",
    features=(Feature(name="amount", type=NUMBER, missing_allowed=False),),
    classes=("no", "yes"),
)
COSTS = {"false_positive": 1.0, "false_negative": 20.0}


def settings_of(threshold, *, type_: str = "logistic", **parameters) -> ModelSettings:
    return ModelSettings(
        name="fraud",
        task=CLASSIFICATION,
        metric="log_loss",
        data=DataSettings(path="", target="fraud"),
        split=SplitSettings(type="random"),
        estimator=EstimatorSettings(type=type_, parameters=parameters),
        decision=DecisionSettings(threshold=threshold),
    )


def rows(count: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Their log-odds are the amount less two."""
    random = np.random.default_rng(seed)
    amount = random.normal(size=count) * 2
    fraud = random.random(count) < 1 / (1 + np.exp(2 - amount))
    return pd.DataFrame({"amount": amount, "fraud": np.where(fraud, "yes", "no").astype(object)})


def value_at(threshold: float, truth: np.ndarray, probabilities: np.ndarray, aim) -> float:
    said = probabilities >= threshold
    if isinstance(aim, dict):
        false, missed = np.sum(said & ~truth), np.sum(~said & truth)
        return -float(false * aim["false_positive"] + missed * aim["false_negative"])
    return {"f1": f1_score, "balanced_accuracy": balanced_accuracy_score}[aim](truth, said)


@pytest.mark.parametrize("aim", ["f1", "balanced_accuracy", COSTS, {"false_positive": 9.0, "false_negative": 0.5}])
@settings(max_examples=60, derandomize=True, database=None)
@given(seed=st.integers(0, 10_000), digits=st.sampled_from([1, 2, 17]), edges=st.booleans())
def test_no_other_threshold_would_have_been_better(aim, seed, digits, edges):
    random = np.random.default_rng(seed)
    truth = np.append(random.random(30) < 0.3, [True, False])
    noise = random.random(32)
    probabilities = np.clip(np.round(truth * 0.3 + noise * (1.0 if edges else 0.6), digits), 0, 1)

    found = choose(truth, probabilities, aim)

    every = [0.0, *probabilities, np.nextafter(1.0, 2.0)]
    assert value_at(found, truth, probabilities, aim) == pytest.approx(
        max(value_at(each, truth, probabilities, aim) for each in every), rel=1e-12
    )
    assert 0 <= found <= np.nextafter(1.0, 2.0)


def test_a_threshold_has_few_digits():
    truth, probabilities = np.array([False, False, True, True]), np.array([0.1, 0.2123456789, 0.3987654321, 0.9])

    assert choose(truth, probabilities, "f1") == 0.3


def test_decisions_on_new_rows_cost_as_little_as_the_best_that_can_be():
    # Where probabilities are right, positive is to be said where 20 * p > 1 * (1 - p).
    decider = decided(fit, TrainingRows(table=rows(10_000)), CONTRACT, settings_of(COSTS))
    new = rows(20_000, seed=1)
    truth = (new.fraud == "yes").to_numpy()
    right = 1 / (1 + np.exp(2 - new.amount.to_numpy()))

    cost, best, likelier = (
        -value_at(at, truth, probabilities, COSTS)
        for at, probabilities in (
            (decider.threshold, decider.predict_proba(new[["amount"]])[:, 1]),
            (1 / 21, right),
            (0.5, right),
        )
    )
    assert cost < 1.03 * best < 0.5 * likelier


def test_a_threshold_is_chosen_on_rows_that_the_fit_has_not_seen():
    train = rows(400)
    fitted_to: list[set] = []

    def watched(some, contract, settings):
        fitted_to.append(set(some.table.index))
        return fit(some, contract, settings)

    decided(watched, TrainingRows(table=train), CONTRACT, settings_of("f1", type_="decision_tree"))

    *folds, last = fitted_to
    assert last == set(train.index)
    held_out = [set(train.index) - each for each in folds]
    assert len(held_out) == 5
    assert sorted(index for each in held_out for index in each) == list(train.index)


def fits_of(train: pd.DataFrame, units: Units) -> list[np.ndarray]:
    """The rows that each fit has not seen, but for the last fit."""
    left_out = []

    def watched(some, contract, settings):
        left_out.append(np.setdiff1d(train.index, some.table.index))
        return fit(some, contract, settings)

    decided(watched, TrainingRows(table=train, units=units), CONTRACT, settings_of("f1"))
    return left_out[:-1]


def test_a_group_is_on_one_side_of_each_fit():
    groups = np.random.default_rng(1).integers(0, 30, 600)

    for fold in fits_of(rows(600), Units(groups=groups)):
        assert not set(groups[fold]) & set(np.delete(groups, fold))


def test_rows_in_time_are_left_out_in_blocks():
    moments = np.random.default_rng(1).permutation(600) // 7
    folds = fits_of(rows(600), Units(moments=moments))

    assert len(folds) == 5
    for fold in folds:
        others = np.delete(moments, fold)
        assert not ((others >= moments[fold].min()) & (others <= moments[fold].max())).any()


@pytest.mark.parametrize(
    "units",
    [
        Units(moments=np.zeros(200, int)),
        Units(groups=np.zeros(200, int)),
        # All positive rows in one group, or at one end of time.
        Units(groups=(np.arange(200) < 40).astype(int)),
        Units(moments=np.arange(200)),
    ],
)
def test_folds_that_leave_one_class_only_are_refused(units):
    train = rows(200).assign(fraud=np.where(np.arange(200) < 40, "yes", "no").astype(object))

    with pytest.raises(InvalidSettings, match=r"\[decision\] threshold cannot be chosen: 40 of 200 .*as a number"):
        decided(fit, TrainingRows(table=train, units=units), CONTRACT, settings_of("f1"))


def test_a_single_row_of_a_class_is_too_few_to_choose():
    train = rows(200).assign(fraud=np.where(np.arange(200) < 1, "yes", "no").astype(object))

    with pytest.raises(InvalidSettings, match="1 of 200 training rows are positive, and with folds by rows"):
        decided(fit, TrainingRows(table=train), CONTRACT, settings_of(COSTS))


def test_a_given_threshold_costs_no_fit_and_decides_at_it():
    train, fits = rows(300), []

    def watched(some, contract, settings):
        fits.append(len(some.table))
        return fit(some, contract, settings)

    decider = decided(watched, TrainingRows(table=train), CONTRACT, settings_of(0.2))
    outcomes = predict(decider, train, CONTRACT)

    assert fits == [300]
    assert outcomes.predicted == ["yes" if yes >= 0.2 else "no" for _, yes in outcomes.probabilities]


def test_the_positive_class_can_be_named():
    train, contract = rows(300), dataclasses.replace(CONTRACT, positive="no")
    decider = decided(fit, TrainingRows(table=train), contract, settings_of(0.9))
    outcomes = predict(decider, train, contract)

    assert outcomes.predicted == ["no" if no >= 0.9 else "yes" for no, _ in outcomes.probabilities]
    assert summary(decider, outcomes, settings_of(0.9), units=INDEPENDENT)["decision"]["negative"] == "yes"


def test_without_a_decision_the_pipeline_is_what_it_was():
    train, plain = rows(300), settings_of("")
    estimator = decided(fit, TrainingRows(table=train), CONTRACT, plain)

    assert portable.export(estimator) == portable.export(fit(TrainingRows(table=train), CONTRACT, plain))
    assert summary(estimator, predict(estimator, train, CONTRACT), plain, units=INDEPENDENT) == {}


def test_other_than_two_classes_are_refused_by_name():
    three = dataclasses.replace(CONTRACT, classes=("low", "middle", "high"))

    with pytest.raises(InvalidSettings, match="goes with two classes; fraud has 3: 'low', 'middle', 'high'"):
        decided(fit, TrainingRows(table=rows(100)), three, settings_of(0.5))


def test_the_summary_has_the_costs_of_the_model_and_of_always_saying_the_same():
    train = rows(300)
    wanted = settings_of(COSTS)
    decider = decided(fit, TrainingRows(table=train), CONTRACT, wanted)
    outcomes = predict(decider, train, CONTRACT)
    pairs = list(zip(outcomes.predicted, outcomes.actual, strict=True))

    found = summary(decider, outcomes, wanted, units=INDEPENDENT)["decision"]

    frauds = outcomes.actual.count("yes")
    false, missed = pairs.count(("yes", "no")), pairs.count(("no", "yes"))
    assert (found["chosen"], found["folds"], found["positive"]) == ("cost", "rows", "yes")
    assert found["holdout"]["cost"] == pytest.approx((false + 20 * missed) / 300)
    assert found["always"] == pytest.approx({"no": 20 * frauds / 300, "yes": (300 - frauds) / 300})
    assert found["holdout"]["recall"] == pytest.approx((frauds - missed) / frauds)


def test_parameters_that_name_a_class_hold_in_every_fit():
    parameters = {"class_weight": {"no": 1, "yes": 5}}

    decider = decided(fit, TrainingRows(table=rows(300)), CONTRACT, settings_of("f1", **parameters))

    assert decider.threshold > 0.5


def test_the_same_rows_give_the_same_threshold_whatever_the_threads():
    train = rows(500)
    forest = {"n_estimators": 20, "max_depth": 4, "type_": "random_forest"}
    one, two = (
        decided(fit, TrainingRows(table=train), CONTRACT, settings_of("f1", n_jobs=jobs, **forest)) for jobs in (1, 2)
    )

    assert portable.export(one) == portable.export(two)


def test_probabilities_that_are_all_alike_decide_all_alike():
    leaf = settings_of("f1", type_="decision_tree", min_samples_leaf=10_000)

    outcomes = predict(decided(fit, TrainingRows(table=rows(100)), CONTRACT, leaf), rows(100), CONTRACT)

    assert len(set(outcomes.predicted)) == 1
