"""A category of more texts than estimators take as codes is encoded by its target, and served as scikit-learn does."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.model_selection import GroupKFold

from evergreen import portable, tracking
from evergreen.judging.dependence import Units
from evergreen.judging.parity import find_difference
from evergreen.metrics import CLASSIFICATION, METRICS, REGRESSION
from evergreen.settings.sections import PreprocessingSettings
from evergreen.versions.bundle import HoldoutRow, ServableModel
from tests.integration.training.houses import ALL, SETTINGS, as_text, houses, with_estimator
from training import train
from training.fitting.evaluation import baseline, predict
from training.prepare import prepare

STREETS = 600


def streets(task: str):
    """Houses whose price depends on the street; some streets and the city Paris stand in the holdout only."""
    random = np.random.default_rng(1)
    frame = pd.concat([houses()] * 8, ignore_index=True).assign(day=range(3200))
    codes = random.integers(0, STREETS, len(frame))
    codes[-300:] += random.integers(0, 40, 300)
    levels = np.random.default_rng(2).permutation(np.linspace(0, 3, STREETS + 40))
    missing = random.random(len(frame)) < 0.05
    frame["street"] = np.where(missing, None, [f"Straße {code}" for code in codes])
    # Whole numbers, which the library's encoder would take for classes.
    frame["price"] = (frame.price * (1 + levels[codes])).round()
    if task == CLASSIFICATION:
        frame["price"] = pd.cut(frame.price, [-np.inf, 2.5e5, 4e5, np.inf], labels=["a", "b", "c"]).astype(object)
    return prepare(as_text(frame), SETTINGS[task], file="houses.csv")


@pytest.fixture(scope="module")
def prepared():
    return {task: streets(task) for task in SETTINGS}


def served_otherwise(estimator, parts) -> str | None:
    """The first holdout row that the portable model predicts otherwise; None if there is none."""
    lines = train.holdout_lines(parts.holdout, parts.contract, predict(estimator, parts.holdout, parts.contract))
    features = [feature.name for feature in parts.contract.features]
    model = portable.load(json.loads(json.dumps(portable.export(estimator), allow_nan=False)), features)
    return find_difference(ServableModel(parts.contract, model), [HoldoutRow(**json.loads(line)) for line in lines])


def encoder_of(estimator):
    fitted = estimator.named_steps["preprocessing"].named_transformers_["target"]
    return fitted if hasattr(fitted, "encodings_") else fitted[0]


@pytest.mark.parametrize(("task", "type_"), ALL)
def test_every_estimator_serves_it_as_scikit_learn_predicts_it(prepared, task, type_):
    parts = prepared[task]
    estimator = train.fit(parts.train_rows, parts.contract, with_estimator(task, type_))

    assert not parts.holdout.street.dropna().isin(parts.train.street).all()
    known = next(feature.categories for feature in parts.contract.features if feature.name == "street")
    assert len(known) > 500
    assert encoder_of(estimator).categories_[0].tolist()[:-1] == list(known)
    assert encoder_of(estimator).target_type_ == ("continuous" if task == REGRESSION else "multiclass")
    assert served_otherwise(estimator, parts) is None
    assert set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator))) <= set(tracking.REVIEWED_TYPES)


@pytest.mark.parametrize("task", SETTINGS)
def test_a_model_learns_from_it(prepared, task):
    parts, metric = prepared[task], METRICS[SETTINGS[task].metric]
    settings = with_estimator(task, "hist_gradient_boosting")
    without = dataclasses.replace(
        parts.contract, features=tuple(each for each in parts.contract.features if each.name != "street")
    )
    errors = [
        metric.measure(predict(train.fit(parts.train_rows, contract, settings), parts.holdout, contract))
        for contract in (parts.contract, without)
    ]

    assert errors[0] < 0.8 * errors[1]
    assert errors[0] < 0.8 * metric.measure(
        baseline(parts.train, parts.holdout, parts.contract, metric=SETTINGS[task].metric)
    )


@pytest.mark.parametrize("task", SETTINGS)
@pytest.mark.parametrize("encode", ["auto", "onehot", "ordinal", "target"])
def test_it_is_encoded_by_the_target_whatever_the_others_are(prepared, task, encode):
    parts = prepared[task]
    settings = dataclasses.replace(
        with_estimator(task, "hist_gradient_boosting", max_iter=5),
        preprocessing=PreprocessingSettings(encode=encode, min_frequency=3, log_target=task == REGRESSION),
    )
    estimator = train.fit(parts.train_rows, parts.contract, settings)

    assert list(encoder_of(estimator).feature_names_in_) == ["city", "street"][encode != "target" :]
    final = estimator.named_steps["estimator"]
    inner = final.regressor_ if task == REGRESSION else final
    # The city alone is a category of the boosting itself; a mean of the target never is one.
    assert np.sum(inner.is_categorical_ if inner.is_categorical_ is not None else []) == (encode in ("auto", "ordinal"))
    assert served_otherwise(estimator, parts) is None


def test_no_row_is_encoded_by_the_targets_of_its_own_group():
    """A category that is the group itself tells nothing of other groups, and must not seem to."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(600), 4)
    level = random.normal(size=600)[groups]
    table = pd.DataFrame({"owner": [f"o{group}" for group in groups], "x": random.normal(size=2400), "price": level})
    order = random.permutation(2400)
    table, groups = table.iloc[order].assign(day=range(2400)), groups[order]
    parts = prepare(as_text(table), SETTINGS[REGRESSION], file="houses.csv")
    settings = with_estimator(REGRESSION, "ridge")
    rows = groups[: len(parts.train)]
    grouped = train.fit(dataclasses.replace(parts, train_units=Units(groups=rows)).train_rows, parts.contract, settings)
    alone = train.fit(parts.train_rows, parts.contract, settings)

    folds = encoder_of(grouped).cv
    assert isinstance(folds, GroupKFold)
    weight = {name: abs(fitted.named_steps["estimator"].coef_[0]) for name, fitted in (("g", grouped), ("a", alone))}
    assert weight["g"] < 0.1 < 0.5 < weight["a"]
    assert served_otherwise(grouped, parts) is None


@pytest.mark.parametrize("groups", [1, 3])
def test_few_groups_make_fewer_folds(prepared, groups):
    parts = prepared[REGRESSION]
    units = Units(groups=np.arange(len(parts.train)) % groups)

    fitted = train.fit(
        dataclasses.replace(parts, train_units=units).train_rows, parts.contract, with_estimator(REGRESSION, "ridge")
    )
    assert encoder_of(fitted).cv.n_splits == (5 if groups == 1 else 3)


_FIT = """
import hashlib, json
import numpy as np, pandas as pd
from evergreen import portable
from evergreen.settings.sections import DataSettings, EstimatorSettings, ModelSettings, SplitSettings
from training import train
from training.prepare import prepare
random = np.random.default_rng(0)
codes = random.integers(0, 400, 3000)
table = pd.DataFrame({"street": [f"s{code}" for code in codes], "price": random.normal(codes, 1.0)})
settings = ModelSettings(
    name="houses", data=DataSettings(path="", target="price"), split=SplitSettings(type="random"),
    estimator=EstimatorSettings(parameters={"max_iter": 5}),
)
parts = prepare(table, settings, file="houses.csv")
model = json.dumps(portable.export(train.fit(parts.train_rows, parts.contract, settings)))
print(hashlib.sha256(model.encode()).hexdigest())
"""


def test_another_hash_seed_and_thread_count_give_the_same_model():
    digests = {
        subprocess.run(
            [sys.executable, "-c", _FIT],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, threads in (("1", "1"), ("2", "2"))
    }

    assert len(digests) == 1
