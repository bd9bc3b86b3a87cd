"""Every estimator that model.toml may name is trained, exported, and served as scikit-learn predicts."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import skops.io

from evergreen import portable, tracking
from evergreen.bundle import HoldoutRow, ServableModel
from evergreen.errors import InvalidSettings
from evergreen.parity import find_difference
from evergreen.settings import ESTIMATORS, DataSettings, EstimatorSettings, ModelSettings, SplitSettings
from training import train
from training.estimators import REGRESSORS, features_of
from training.prepare import prepare

SETTINGS = ModelSettings(
    name="houses", data=DataSettings(path="", target="price"), split=SplitSettings(by="day", holdout=0.3)
)


@pytest.fixture(scope="module")
def prepared():
    """Numbers and categories, missing values in both, and a city that only the holdout knows."""
    random = np.random.default_rng(0)
    rows = 400
    city = random.choice(["Austin", "Waco", "Zürich"], rows).astype(object)
    city[random.random(rows) < 0.05] = None
    city[-10:] = "Paris"
    size = np.where(random.random(rows) < 0.1, np.nan, random.normal(100, 30, rows).round(1))
    price = np.nan_to_num(size, nan=90) * np.where(city == "Waco", 1000, 2000) + random.normal(size=rows)
    frame = pd.DataFrame({"day": range(rows), "city": city, "size": size, "price": price})
    return prepare(frame.astype(object).where(frame.notna(), None).map(_as_text), SETTINGS, file="houses.csv")


def _as_text(value):
    return None if value is None else str(value)


def with_estimator(type_: str, **parameters) -> ModelSettings:
    return dataclasses.replace(SETTINGS, estimator=EstimatorSettings(type=type_, parameters=parameters))


def test_settings_and_training_name_the_same_estimators():
    assert set(ESTIMATORS) == set(REGRESSORS)


@pytest.mark.parametrize("type_", ESTIMATORS)
def test_every_holdout_row_is_served_as_scikit_learn_predicts_it(prepared, type_):
    settings = with_estimator(type_)
    estimator = train.fit(prepared.train, prepared.contract, settings)
    predicted = estimator.predict(features_of(prepared.holdout, prepared.contract, type_))
    lines = train.holdout_lines(prepared.holdout, prepared.contract, predicted).splitlines()
    rows = [HoldoutRow(**json.loads(line)) for line in lines]
    features = [feature.name for feature in prepared.contract.features]
    model = portable.load(json.loads(json.dumps(portable.export(estimator), allow_nan=False)), features)

    assert len(rows) == 120
    assert sum(row.features["city"] == "Paris" for row in rows) == 10
    assert find_difference(ServableModel(prepared.contract, model), rows) is None


@pytest.mark.parametrize("type_", ESTIMATORS)
def test_every_estimator_learns(prepared, type_):
    estimator = train.fit(prepared.train, prepared.contract, with_estimator(type_))
    known = prepared.holdout[prepared.holdout.city != "Paris"]
    error = np.abs(estimator.predict(features_of(known, prepared.contract, type_)) - known.price).mean()

    assert error < 0.7 * np.abs(prepared.train.price.mean() - known.price).mean()


def test_a_forest_that_was_fitted_in_threads_predicts_in_one(prepared):
    estimator = train.fit(prepared.train, prepared.contract, with_estimator("random_forest", n_jobs=2, n_estimators=5))

    assert estimator.named_steps["estimator"].n_jobs is None


@pytest.mark.parametrize("type_", ["random_forest", "ridge"])
def test_a_misspelt_parameter_is_told_the_right_one(prepared, type_):
    name = "max_itr" if type_ == "ridge" else "max_deph"

    with pytest.raises(InvalidSettings, match="has no '.*'; did you mean max_"):
        train.fit(prepared.train, prepared.contract, with_estimator(type_, **{name: 3}))


@pytest.mark.parametrize("type_", ESTIMATORS)
def test_mlflow_stores_every_estimator_from_reviewed_types_alone(prepared, type_):
    estimator = train.fit(prepared.train, prepared.contract, with_estimator(type_))

    assert set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator))) <= set(tracking.REVIEWED_TYPES)
