"""Every estimator that model.toml may name is trained, exported, and served as scikit-learn predicts."""

import dataclasses
import json

import pandas as pd
import pytest
import skops.io

from evergreen import portable, tracking
from evergreen.contract.feature import NUMBER, Feature
from evergreen.errors import InvalidData, InvalidSettings
from evergreen.judging.parity import find_difference
from evergreen.metrics import CLASSIFICATION, REGRESSION, metric_of
from evergreen.settings.sections import (
    ESTIMATORS,
    WITHOUT_PROBABILITIES,
    DecisionSettings,
    PreprocessingSettings,
)
from evergreen.versions.bundle import HoldoutRow, ServableModel
from tests.integration.training.houses import ALL, SETTINGS, as_text, houses, prepared_houses, with_estimator
from training import train
from training.fitting.decision import decided, parameters_of
from training.fitting.estimators import CLASSES, build, logged_parameters
from training.fitting.evaluation import baseline, predict
from training.prepare import prepare
from training.preparing.rows import TrainingRows


@pytest.fixture(scope="module")
def prepared():
    return prepared_houses()


def trained(parts, task: str, type_: str, **parameters):
    """The fitted estimator, and what it says of the holdout."""
    estimator = train.fit(parts.train_rows, parts.contract, with_estimator(task, type_, **parameters))
    return estimator, predict(estimator, parts.holdout, parts.contract)


@pytest.mark.parametrize("task", ESTIMATORS)
def test_settings_and_training_name_the_same_estimators(task):
    assert set(ESTIMATORS[task]) == set(CLASSES[task])


@pytest.mark.parametrize(("task", "type_"), ALL)
def test_every_holdout_row_is_served_as_scikit_learn_predicts_it(prepared, task, type_):
    parts = prepared[task]
    estimator, outcomes = trained(parts, task, type_)
    lines = list(train.holdout_lines(parts.holdout, parts.contract, outcomes))
    rows = [HoldoutRow(**json.loads(line)) for line in lines]
    features = [feature.name for feature in parts.contract.features]
    model = portable.load(json.loads(json.dumps(portable.export(estimator), allow_nan=False)), features)

    assert len(rows) == 120
    assert sum(row.features["city"] == "Paris" for row in rows) == 10
    knows_probabilities = task == CLASSIFICATION and type_ not in WITHOUT_PROBABILITIES
    assert all((row.probabilities is not None) == knows_probabilities for row in rows)
    assert find_difference(ServableModel(parts.contract, model), rows) is None


def error_of(outcomes, task: str) -> float:
    """Mean absolute error, or the share of wrong labels."""
    if task == REGRESSION:
        return metric_of("mae").measure(outcomes)
    return 1 - metric_of("accuracy").measure(outcomes)


@pytest.mark.parametrize(("task", "type_"), ALL)
def test_every_estimator_learns(prepared, task, type_):
    parts = prepared[task]
    known = dataclasses.replace(parts, holdout=parts.holdout[parts.holdout.city != "Paris"])
    # A support vector regression weighs errors in units of the target, here 100,000 dollars.
    parameters = {"C": 1e5} if (task, type_) == (REGRESSION, "linear_svm") else {}
    _, outcomes = trained(known, task, type_, **parameters)
    featureless = baseline(known.train, known.holdout, known.contract, metric=SETTINGS[task].metric)

    assert error_of(outcomes, task) < 0.7 * error_of(featureless, task)


@pytest.mark.parametrize(("task", "type_"), ALL)
def test_mlflow_stores_every_estimator_from_reviewed_types_alone(prepared, task, type_):
    estimator, _ = trained(prepared[task], task, type_)

    assert set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator))) <= set(tracking.REVIEWED_TYPES)


def test_classes_are_in_the_librarys_order(prepared):
    parts = prepared[CLASSIFICATION]
    estimator, _ = trained(parts, CLASSIFICATION, "logistic")

    assert parts.contract.classes == ("high", "low", "middle") == tuple(estimator.classes_)


def test_a_probability_that_differs_is_refused_by_the_gate(prepared):
    parts = prepared[CLASSIFICATION]
    estimator, outcomes = trained(parts, CLASSIFICATION, "random_forest", n_estimators=7)
    features = [feature.name for feature in parts.contract.features]
    model = ServableModel(parts.contract, portable.load(portable.export(estimator), features))
    line = next(train.holdout_lines(parts.holdout, parts.contract, outcomes))
    row = HoldoutRow(**json.loads(line))
    shifted = dataclasses.replace(row, probabilities=[p + 1e-9 for p in row.probabilities])

    assert find_difference(model, [row]) is None
    assert "holdout row 1" in find_difference(model, [shifted])


def test_holdout_rows_that_the_estimator_cannot_take_are_named_with_the_cause(prepared):
    parts = prepared[REGRESSION]
    known = parts.train.dropna()
    settings = dataclasses.replace(
        with_estimator(REGRESSION, "ridge"), preprocessing=PreprocessingSettings(impute="none")
    )
    estimator = train.fit(TrainingRows(table=known), parts.contract, settings)

    with pytest.raises(InvalidSettings, match="cannot predict the holdout rows: .*NaN"):
        predict(estimator, parts.holdout, parts.contract)


def test_a_forest_that_was_fitted_in_threads_predicts_in_one(prepared):
    estimator, _ = trained(prepared[REGRESSION], REGRESSION, "random_forest", n_jobs=2, n_estimators=5)

    assert estimator.named_steps["estimator"].n_jobs is None


@pytest.mark.parametrize(("type_", "name"), [("random_forest", "max_deph"), ("ridge", "max_itr")])
def test_a_misspelt_parameter_is_told_the_right_one(prepared, type_, name):
    with pytest.raises(InvalidSettings, match=f"has no '{name}'; did you mean max_"):
        trained(prepared[REGRESSION], REGRESSION, type_, **{name: 3})


# Every choice of [preprocessing], with estimators that it matters to.
PREPARED_WAYS = [
    ("hist_gradient_boosting", PreprocessingSettings(impute="mean", scale="robust")),
    ("hist_gradient_boosting", PreprocessingSettings(encode="onehot")),
    ("hist_gradient_boosting", PreprocessingSettings(min_frequency=30, log=["size"])),
    ("random_forest", PreprocessingSettings(encode="ordinal", missing_indicator=False)),
    ("gradient_boosting", PreprocessingSettings(encode="ordinal", min_frequency=120)),
    ("decision_tree", PreprocessingSettings(impute="none")),
    ("ridge", PreprocessingSettings(impute="most_frequent", scale="minmax", log=["size"], min_frequency=120)),
    ("linear", PreprocessingSettings(scale="none", encode="ordinal")),
]


def in_bundle_and_mlflow(estimator, parts) -> str | None:
    """What is wrong with serving an estimator: the first holdout row that differs, or types nobody has reviewed."""
    lines = train.holdout_lines(parts.holdout, parts.contract, predict(estimator, parts.holdout, parts.contract))
    rows = [HoldoutRow(**json.loads(line)) for line in lines]
    features = [feature.name for feature in parts.contract.features]
    model = ServableModel(parts.contract, portable.load(portable.export(estimator), features))
    unknown = set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator))) - set(tracking.REVIEWED_TYPES)
    return find_difference(model, rows) or ", ".join(unknown) or None


@pytest.mark.parametrize("task", ESTIMATORS)
@pytest.mark.parametrize(("type_", "preprocessing"), PREPARED_WAYS)
def test_every_preprocessing_is_served_as_scikit_learn_does_it(prepared, task, type_, preprocessing):
    if type_ not in ESTIMATORS[task]:
        type_ = "logistic"
    settings = dataclasses.replace(with_estimator(task, type_), preprocessing=preprocessing)
    parts = prepared[task]

    assert in_bundle_and_mlflow(train.fit(parts.train_rows, parts.contract, settings), parts) is None


@pytest.mark.parametrize("type_", [name for name in ESTIMATORS[CLASSIFICATION] if name not in WITHOUT_PROBABILITIES])
def test_every_classifier_with_a_threshold_is_served_as_scikit_learn_decides(type_):
    frame = houses()
    frame = frame.assign(price=(frame.price > 180_000).map({True: "dear", False: "fair"}))
    settings = dataclasses.replace(
        with_estimator(CLASSIFICATION, type_), decision=DecisionSettings(threshold="f1"), positive="dear"
    )
    parts = prepare(as_text(frame), settings, file="houses.csv")
    estimator = decided(train.fit, parts.train_rows, parts.contract, settings)

    assert in_bundle_and_mlflow(estimator, parts) is None
    found = parameters_of(estimator)
    assert (found["estimator"], found["decision_threshold"]) == (
        CLASSES[CLASSIFICATION][type_].__name__,
        estimator.threshold,
    )


def test_a_model_of_the_targets_logarithm_is_served_as_scikit_learn_does_it(prepared):
    settings = dataclasses.replace(
        with_estimator(REGRESSION, "ridge"), preprocessing=PreprocessingSettings(log_target=True)
    )
    parts = prepared[REGRESSION]
    estimator = train.fit(parts.train_rows, parts.contract, settings)

    assert in_bundle_and_mlflow(estimator, parts) is None
    assert logged_parameters(estimator)["estimator"] == "Ridge"


@pytest.mark.parametrize(("feature", "words"), [("city", "'city' is a category"), ("cold", "'cold' goes down to -3")])
def test_the_logarithm_of_what_has_none_is_refused(prepared, feature, words):
    contract = prepared[REGRESSION].contract
    cold = Feature(name="cold", type=NUMBER, missing_allowed=False, minimum=-3.0, maximum=1.0)
    contract = dataclasses.replace(contract, features=(*contract.features, cold))
    settings = dataclasses.replace(
        with_estimator(REGRESSION, "ridge"), preprocessing=PreprocessingSettings(log=[feature])
    )

    with pytest.raises(InvalidSettings, match=f"preprocessing.log: {words}"):
        build(settings, contract)


def labelled(labels: list[str]) -> pd.DataFrame:
    return as_text(houses().assign(price=labels))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["same"] * 400, "has 1 different values"),
        ([str(number) for number in range(400)], 'set task = "regression"'),
        (["a", "b"] * 150 + ["new", "a"] * 50, "'new' occurs in holdout rows only"),
    ],
)
def test_a_target_that_cannot_be_classified_is_refused(labels, words):
    with pytest.raises(InvalidData, match=words):
        prepare(labelled(labels), SETTINGS[CLASSIFICATION], file="houses.csv")
