"""The portable scorer gives scikit-learn's own predictions, to the last bit."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor

from evergreen import portable
from evergreen.errors import BrokenBundle, UnsupportedEstimator

COLUMNS = ["city", "size", "age"]
CITIES = ["Austin", "Waco", "Zürich", "", "0"]


def table(rows: int, seed: int) -> pd.DataFrame:
    """Numbers with missing values, repeated and extreme ones, and a category with missing values."""
    random = np.random.default_rng(seed)
    size = random.choice([-0.0, 0.0, 1e-310, 1e300, -1e300, 3.5, np.nan, *random.normal(size=20)], rows)
    age = np.where(random.random(rows) < 0.2, np.nan, random.normal(size=rows).round(1))
    city = random.choice([*CITIES, None], rows)
    return pd.DataFrame({"city": pd.Categorical(city, categories=CITIES), "size": size, "age": age})


def fitted(seed: int = 0, *, categorical: bool = True, **parameters) -> HistGradientBoostingRegressor:
    train = table(400, seed)
    codes = np.where(train.city.cat.codes < 2, 1.0, -1.0)
    target = np.nan_to_num(train.age) + codes + np.random.default_rng(seed).normal(size=len(train))
    estimator = HistGradientBoostingRegressor(random_state=0, categorical_features="from_dtype", **parameters)
    return estimator.fit(train if categorical else train[["size", "age"]], target)


def rows_of(frame: pd.DataFrame) -> list[list[float | str | None]]:
    cities = [city if isinstance(city, str) else None for city in frame.city.astype(object)]
    return [list(row) for row in zip(cities, frame["size"].tolist(), frame.age.tolist(), strict=True)]


def scorer_of(estimator, columns=COLUMNS) -> portable.Scorer:
    document = json.loads(json.dumps(portable.export(estimator), allow_nan=False))
    return portable.load(document, columns)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    max_iter=st.integers(1, 40),
    max_leaf_nodes=st.one_of(st.none(), st.integers(2, 31)),
    loss=st.sampled_from(["squared_error", "absolute_error"]),
    min_samples_leaf=st.integers(1, 30),
)
def test_every_row_is_predicted_to_the_last_bit(seed, max_iter, max_leaf_nodes, loss, min_samples_leaf):
    estimator = fitted(
        seed, max_iter=max_iter, max_leaf_nodes=max_leaf_nodes, loss=loss, min_samples_leaf=min_samples_leaf
    )
    scorer = scorer_of(estimator)
    unseen = table(400, seed + 1)

    assert [scorer.score(row) for row in rows_of(unseen)] == estimator.predict(unseen).tolist()


def test_values_on_a_threshold_and_beyond_all_numbers_go_the_librarys_way():
    estimator = fitted(max_iter=30)
    thresholds = {float(t) for (tree,) in estimator._predictors for t in tree.nodes["num_threshold"]}
    values = [v for t in thresholds for v in (t, math.nextafter(t, math.inf), math.nextafter(t, -math.inf))]
    values += [math.inf, -math.inf, math.nan, 5e-324, -0.0]
    unseen = pd.DataFrame({"city": pd.Categorical(["Waco"] * len(values), CITIES), "size": values, "age": values})

    scorer = scorer_of(estimator)

    assert [scorer.score(row) for row in rows_of(unseen)] == estimator.predict(unseen).tolist()


def test_an_unseen_category_is_scored_like_a_missing_one():
    estimator = fitted(max_iter=30)
    scorer = scorer_of(estimator)
    unseen = pd.DataFrame({"city": pd.Categorical(["Paris"]), "size": [1.0], "age": [2.0]})

    assert scorer.score(["Paris", 1.0, 2.0]) == scorer.score([None, 1.0, 2.0]) == estimator.predict(unseen)[0]


def test_a_model_without_categories_agrees_too():
    estimator = fitted(categorical=False, max_iter=30)
    unseen = table(200, 7)[["size", "age"]]
    scorer = scorer_of(estimator, ["size", "age"])

    assert [scorer.score(row) for row in unseen.to_numpy().tolist()] == estimator.predict(unseen).tolist()


def test_scoring_leaves_the_callers_row_alone():
    row = ["Paris", 1.0, 2.0]
    scorer_of(fitted(max_iter=2)).score(row)

    assert row == ["Paris", 1.0, 2.0]


def test_an_estimator_without_portable_form_is_refused_with_those_that_have_one():
    from sklearn.neighbors import KNeighborsRegressor

    with pytest.raises(UnsupportedEstimator, match="KNeighborsRegressor.*use one of: HistGradientBoostingRegressor"):
        portable.export(KNeighborsRegressor())


def test_a_loss_with_a_link_is_refused_with_those_that_have_none():
    estimator = HistGradientBoostingRegressor(loss="poisson", max_iter=2).fit(pd.DataFrame({"a": range(50)}), range(50))

    with pytest.raises(UnsupportedEstimator, match="loss='poisson'.*squared_error"):
        portable.export(estimator)


@pytest.mark.parametrize("change", [{"format": 99}, {"family": "forest"}, {"features": ["a", "b", "c"]}])
def test_a_document_of_another_kind_is_refused(change):
    document = {**portable.export(fitted(max_iter=2)), **change}

    with pytest.raises(BrokenBundle):
        portable.load(document, COLUMNS)
