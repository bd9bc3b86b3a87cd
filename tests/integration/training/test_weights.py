"""Weights of rows and classes reach the fit as scikit-learn takes them, and nothing else."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.class_weight import compute_sample_weight

from evergreen.errors import InvalidData, InvalidSettings
from evergreen.judging.dependence import Units
from evergreen.metrics import REGRESSION
from evergreen.settings.sections import EstimatorSettings, PreprocessingSettings
from tests.integration.training.houses import ALL, SETTINGS, prepared_houses
from tests.integration.training.test_metrics import FEATURES, halves, table, trained
from training import train
from training.fitting.evaluation import predict
from training.preparing.rows import TrainingRows


@pytest.fixture(scope="module")
def parts():
    return prepared_houses()


def weighed() -> pd.DataFrame:
    return table(2).assign(weight=np.random.default_rng(1).integers(0, 5, 600))


@pytest.mark.parametrize(("task", "type_"), ALL)
def test_every_estimator_takes_weights(parts, task, type_):
    settings = dataclasses.replace(SETTINGS[task], estimator=EstimatorSettings(type=type_))
    part = parts[task]
    weights = np.where(part.train.city == "Waco", 50.0, 0.01)

    plain, weighted = (
        train.fit(TrainingRows(table=part.train, weights=given), part.contract, settings) for given in (None, weights)
    )

    assert predict(plain, part.holdout, part.contract) != predict(weighted, part.holdout, part.contract)


def test_weights_reach_a_fit_to_the_logarithm(parts):
    settings = dataclasses.replace(
        SETTINGS[REGRESSION],
        estimator=EstimatorSettings(type="ridge"),
        preprocessing=PreprocessingSettings(log_target=True),
    )
    part = parts[REGRESSION]
    weights = np.where(part.train.city == "Waco", 50.0, 0.01)

    plain, weighted = (
        train.fit(TrainingRows(table=part.train, weights=given), part.contract, settings) for given in (None, weights)
    )

    assert predict(plain, part.holdout, part.contract) != predict(weighted, part.holdout, part.contract)


@pytest.mark.parametrize("groups", [None, np.arange(6)], ids=["alone", "in groups"])
@pytest.mark.parametrize("task", SETTINGS)
def test_weights_reach_the_fit_beside_categories_that_are_encoded_by_the_target(parts, task, groups):
    settings = dataclasses.replace(SETTINGS[task], preprocessing=PreprocessingSettings(encode="target"))
    part = parts[task]
    weights = np.where(part.train.city == "Waco", 50.0, 0.01)
    units = Units(groups=None if groups is None else np.resize(groups, len(weights)))

    plain, weighted = (
        train.fit(TrainingRows(table=part.train, units=units, weights=given), part.contract, settings)
        for given in (None, weights)
    )

    assert predict(plain, part.holdout, part.contract) != predict(weighted, part.holdout, part.contract)


@pytest.mark.parametrize("class_weight", ["balanced", {"low": 9.0}])
def test_the_fit_is_scikit_learns_with_the_product_of_the_weights(tmp_path, class_weight):
    frame = weighed()
    past, later = halves(frame)
    weights = compute_sample_weight(class_weight, past.y)
    model = HistGradientBoostingClassifier(random_state=0)
    model.fit(past[FEATURES], past.y, sample_weight=weights * past.weight)
    written = '"balanced"' if isinstance(class_weight, str) else "{ low = 9 }"

    trained(tmp_path, frame, "log_loss", data='weight = "weight"', estimator=f"class_weight = {written}")

    rows = [json.loads(line) for line in (tmp_path / "model" / "holdout.jsonl").read_text().splitlines()]
    assert [row["probabilities"] for row in rows] == model.predict_proba(later[FEATURES]).tolist()
    assert "weight" not in rows[0]["features"]
    assert "rows weigh by the column weight and by class" in (tmp_path / "model" / "model_card.md").read_text()


def test_other_weights_are_other_prepared_rows(tmp_path):
    for name, factor in (("one", 1), ("same", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        trained(
            tmp_path / name,
            weighed().assign(weight=lambda frame, by=factor: frame.weight * by),
            "log_loss",
            data='weight = "weight"',
        )
    hashes = [
        json.loads((tmp_path / name / "model" / "metrics.json").read_text())["rows"]["prepared_sha256"]
        for name in ("one", "same", "other")
    ]

    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", r"line 4: column 'weight' is empty \(1 such row\)"),
        (-1, "line 4: column 'weight' is below 0"),
        ("x", "line 4: column 'weight' has 'x' where a number belongs"),
        ("inf", "line 4: column 'weight' has .* where a number belongs"),
    ],
)
def test_a_weight_that_is_none_is_refused_with_its_place(tmp_path, value, says):
    frame = weighed().astype({"weight": object})
    frame.loc[2, "weight"] = value

    with pytest.raises(InvalidData, match=says):
        trained(tmp_path, frame, "log_loss", data='weight = "weight"')


def test_weights_that_are_all_0_are_refused(tmp_path):
    with pytest.raises(InvalidData, match="is 0 in all rows"):
        trained(tmp_path, weighed().assign(weight=0), "log_loss", data='weight = "weight"')


@pytest.mark.parametrize(
    ("metric", "data", "estimator", "says"),
    [
        ("log_loss", "", "class_weight = { maybe = 2 }", "'maybe' is no class of the target 'y'; .* 'high', 'low'"),
        ("log_loss", "", 'class_weight = "even"', "class_weight: must be balanced or a table, got 'even'"),
        ("log_loss", "", "class_weight = 3", "class_weight: must be text or a table, got 3"),
        ("log_loss", "", "class_weight = { low = -1 }", "the weight of 'low' must be a number of 0 or more, got -1"),
        ("log_loss", 'weight = "y"', "", "weight: must be another column than the target"),
        ("log_loss", 'weight = "day"', "", r"and \[split\] by, got 'day'"),
    ],
)
def test_what_cannot_weigh_is_refused_by_name(tmp_path, metric, data, estimator, says):
    with pytest.raises(InvalidSettings, match=says):
        trained(tmp_path, weighed(), metric, data=data, estimator=estimator)


def test_a_regression_has_no_class_weights(tmp_path):
    with pytest.raises(InvalidSettings, match="class_weight: goes with classification only"):
        trained(tmp_path, table(0), "mae", estimator='class_weight = "balanced"')
