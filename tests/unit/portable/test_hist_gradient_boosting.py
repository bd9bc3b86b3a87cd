"""Histogram gradient boosting gives the library's own answers, to the last bit, with categories and infinities."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from tests.unit.portable import comparing
from tests.unit.portable.comparing import (
    EDGES,
    UNSEEN,
    WORDS,
    assert_same,
    classes,
    few,
    loaded,
    neighbours,
    numbers,
    signal,
    words,
)

REGRESSOR = "HistGradientBoostingRegressor"
BEYOND = [*EDGES, math.inf, -math.inf, 1e300, 1.7e308]
POSITIVE = ("poisson", "gamma")


def mixed_table(seed: int, rows: int, *, missing=0.15, unseen=0.0, edges=BEYOND, categorical=False) -> pd.DataFrame:
    """Numbers around a column of text, so that moving categories to the front changes the order."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "size": numbers(random, rows, missing=missing, edges=edges),
            "city": words(random, rows, missing=missing, unseen=unseen),
            "age": numbers(random, rows, missing=missing, edges=edges),
            "kind": words(random, rows, missing=missing, unseen=unseen),
        }
    )
    if categorical:
        return table.astype({"city": pd.CategoricalDtype(WORDS), "kind": pd.CategoricalDtype(WORDS)})
    return table


def target_of(table: pd.DataFrame, seed: int) -> np.ndarray:
    codes = table.city.astype(object).isin(["Austin", "Zürich", "東京"]).to_numpy() * 1.5
    return signal(table, seed) + codes


PARAMETERS = {
    "seed": st.integers(0, 10_000),
    "categorical": st.sampled_from(["from_dtype", ["city", "kind"], [1, 3]]),
    "missing": st.sampled_from([0.0, 0.2]),
    "trees": st.integers(1, 25),
    "leaves": st.sampled_from([None, 2, 15]),
    "leaf": st.integers(1, 30),
    "rate": st.floats(0.05, 1.0),
}


def fitted(kind, labels, loss, *, seed, categorical, missing, trees, leaves, leaf, rate):
    train = mixed_table(seed, 500, missing=missing, categorical=categorical == "from_dtype")
    target = target_of(train, seed)
    if labels:
        target = classes(target, labels)
    elif loss in POSITIVE:
        target = np.exp(target)
    return kind(
        loss=loss,
        **({"quantile": 0.3} if loss == "quantile" else {}),
        categorical_features=categorical,
        max_iter=trees,
        max_leaf_nodes=leaves,
        min_samples_leaf=leaf,
        learning_rate=rate,
        random_state=seed,
    ).fit(train, target)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "quantile", "poisson", "gamma"])
def test_a_regressor_gives_the_librarys_answers(loss):
    @few
    @given(**PARAMETERS)
    def check(**parameters):
        estimator = fitted(HistGradientBoostingRegressor, None, loss, **parameters)
        unseen = mixed_table(
            parameters["seed"] + 1, 2000, unseen=0.1, categorical=parameters["categorical"] == "from_dtype"
        )
        raw = estimator._raw_predict(unseen).ravel() if loss in POSITIVE else None
        assert_same(estimator, unseen, raw)

    before = comparing.ROWS[REGRESSOR]
    check()
    assert comparing.ROWS[REGRESSOR] - before >= 10_000


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], ["a", "", "ü"], list(range(10))])
def test_a_classifier_gives_the_librarys_answers(labels):
    @few
    @given(**PARAMETERS)
    def check(**parameters):
        estimator = fitted(HistGradientBoostingClassifier, labels, "log_loss", **parameters)
        categorical = parameters["categorical"] == "from_dtype"
        assert_same(estimator, mixed_table(parameters["seed"] + 1, 2000, unseen=0.1, categorical=categorical))

    before = comparing.ROWS["HistGradientBoostingClassifier"]
    check()
    assert comparing.ROWS["HistGradientBoostingClassifier"] - before >= 10_000


def test_categories_that_are_numbers_are_told_apart_as_numbers():
    random = np.random.default_rng(5)
    code = random.choice([-1.0, 0.0, 0.5, 3.0, 2.0**53 + 2, np.nan], 600)
    train = pd.DataFrame({"size": random.normal(size=600), "code": code})
    target = train["size"] + np.isin(code, [0.5, 3.0]) * 2.0
    estimator = HistGradientBoostingRegressor(max_iter=20, categorical_features=["code"]).fit(train, target)
    unseen = random.choice([-1.0, -0.0, 0.5, 3.0, 2.0**53, 2.0**53 + 2, 7.5, np.nan], 2000)

    assert_same(estimator, pd.DataFrame({"size": random.normal(size=2000), "code": unseen}))


def test_none_is_a_category_where_training_held_missing_text_as_none():
    train = mixed_table(8, 600).astype({"city": object})
    for name in ("city", "kind"):
        train[name] = train[name].where(train[name].notna(), None)
    target = target_of(train, 8) + train.city.isna() * 3.0
    estimator = HistGradientBoostingRegressor(max_iter=30, categorical_features=["city", "kind"]).fit(train, target)

    assert estimator._preprocessor.named_transformers_["encoder"].categories_[0][-1] is None
    assert_same(estimator, train)
    model = loaded(estimator)
    assert model.predict([1.0, "Paris", 1.0, None]) != model.predict([1.0, None, 1.0, None])


def test_none_among_numbers_is_a_category_too():
    random = np.random.default_rng(6)
    code = random.choice(np.array([1.0, 2.0, 3.5, None], dtype=object), 600)
    train = pd.DataFrame({"code": code, "size": random.normal(size=600)})
    target = train["size"] + pd.isna(code) * 3.0
    estimator = HistGradientBoostingRegressor(max_iter=20, categorical_features=["code"]).fit(train, target)
    model = loaded(estimator)
    rows = [[math.nan if value is None else value, size] for value, size in zip(code, train["size"], strict=True)]

    assert [model.predict(row) for row in rows] == estimator.predict(train).tolist()


def test_values_on_a_threshold_and_beyond_all_numbers_go_the_librarys_way():
    train = mixed_table(4, 600, categorical=True)
    estimator = HistGradientBoostingRegressor(max_iter=30, random_state=0).fit(train, target_of(train, 4))
    thresholds = {float(t) for (tree,) in estimator._predictors for t in tree.nodes["num_threshold"]}
    values = [*neighbours(thresholds), math.inf, -math.inf, math.nan, 5e-324, -0.0]
    city = pd.Categorical(["Waco"] * len(values), WORDS)

    assert_same(estimator, pd.DataFrame({"size": values, "city": city, "age": values[::-1], "kind": city}))


def test_an_unseen_category_is_scored_like_a_missing_one():
    train = mixed_table(4, 600, categorical=True)
    model = loaded(HistGradientBoostingRegressor(max_iter=30).fit(train, target_of(train, 4)))

    for unseen in UNSEEN:
        assert model.predict([1.0, unseen, 2.0, "Waco"]) == model.predict([1.0, None, 2.0, "Waco"])


def test_scoring_leaves_the_callers_row_alone():
    train = mixed_table(4, 100, categorical=True)
    model = loaded(HistGradientBoostingRegressor(max_iter=2).fit(train, target_of(train, 4)))
    row = [1.0, "Paris", math.nan, None]
    model.predict(row)

    assert row[:2] == [1.0, "Paris"]
    assert math.isnan(row[2])
    assert row[3] is None
