"""Trees, forests and gradient boosting give the library's own answers, to the last bit."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import ensemble, tree
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

from evergreen.errors import InvalidRow
from evergreen.portable import families
from tests.unit.portable import comparing
from tests.unit.portable.comparing import assert_same, classes, few, loaded, number_table, signal

SIMPLE = [*families.family("trees").SUPPORTED, *families.family("forests").SUPPORTED]
BOOSTED = list(families.family("gradient_boosting").SUPPORTED)
LABELS = st.sampled_from([["no", "yes"], [False, True], [3, 1, 2], ["a", "", "ü", "b"], [2.0, -1.0], list(range(9))])


def class_of(kind: str):
    return getattr(tree, kind, None) or getattr(ensemble, kind)


def target_for(kind: str, table: pd.DataFrame, seed: int, labels: list) -> np.ndarray:
    target = signal(table, seed)
    return classes(target, labels) if kind.endswith("Classifier") else target


@pytest.mark.parametrize("kind", SIMPLE)
def test_a_tree_or_forest_gives_the_librarys_answers(kind):
    before = comparing.ROWS[kind]

    @few
    @given(
        seed=st.integers(0, 10_000),
        missing=st.sampled_from([0.0, 0.2]),
        depth=st.sampled_from([1, 4, None]),
        leaf=st.integers(1, 10),
        leaves=st.sampled_from([None, 12]),
        labels=LABELS,
        trees=st.integers(1, 12),
    )
    def check(seed, missing, depth, leaf, leaves, labels, trees):
        train = number_table(seed, 400, missing=missing)
        parameters = {"max_depth": depth, "min_samples_leaf": leaf, "max_leaf_nodes": leaves, "random_state": seed}
        if kind in families.family("forests").SUPPORTED:
            parameters["n_estimators"] = trees
        estimator = class_of(kind)(**parameters).fit(train, target_for(kind, train, seed, labels))
        assert_same(estimator, number_table(seed + 1, 2000, missing=0.2))

    check()
    assert comparing.ROWS[kind] - before >= 10_000


@pytest.mark.parametrize("kind", BOOSTED)
def test_gradient_boosting_gives_the_librarys_answers(kind):
    before = comparing.ROWS[kind]

    @few
    @given(
        seed=st.integers(0, 10_000),
        rate=st.floats(0.01, 1.5),
        init=st.sampled_from([None, "zero"]),
        loss=st.integers(0, 3),
        trees=st.integers(1, 25),
        subsample=st.sampled_from([0.5, 1.0]),
        labels=LABELS,
    )
    def check(seed, rate, init, loss, trees, subsample, labels):
        train = number_table(seed, 400, missing=0)
        if kind.endswith("Classifier"):
            losses = ["log_loss", "exponential"] if len(labels) == 2 else ["log_loss"]
        else:
            losses = ["squared_error", "absolute_error", "huber", "quantile"]
        estimator = class_of(kind)(
            loss=losses[loss % len(losses)],
            learning_rate=rate,
            init=init,
            n_estimators=trees,
            subsample=subsample,
            random_state=seed,
        ).fit(train, target_for(kind, train, seed, labels))
        assert_same(estimator, number_table(seed + 1, 2000, missing=0))

    check()
    assert comparing.ROWS[kind] - before >= 10_000


def test_values_on_a_threshold_and_those_that_float32_rounds_onto_it_go_the_librarys_way():
    train = number_table(3, 500, width=2)
    estimator = RandomForestRegressor(20, random_state=0).fit(train, signal(train, 3))
    thresholds = {float(t) for fitted in estimator.estimators_ for t in fitted.tree_.threshold if abs(t) < 1e38}
    values = comparing.neighbours([t * (1 + e) for t in thresholds for e in (0, 2**-24, -(2**-24), 2**-25)])
    assert_same(estimator, pd.DataFrame({"n0": values, "n1": values[::-1]}))


def test_a_binary_score_of_exactly_zero_is_the_class_that_the_library_says():
    table = pd.DataFrame({"n0": [0.0, 0.0, 0.0, 0.0]})
    estimator = GradientBoostingClassifier(init="zero", n_estimators=2).fit(table, ["a", "b", "a", "b"])

    assert estimator.decision_function(table)[0] == 0.0
    assert_same(estimator, table)


@pytest.mark.parametrize("kind", [*SIMPLE, *BOOSTED])
@pytest.mark.parametrize("value", [math.inf, -math.inf, 3.5e38, -1e300, math.nan])
def test_a_value_that_the_library_rejects_is_rejected_by_the_features_name(kind, value):
    train = number_table(1, 60, width=2, missing=0)
    estimator = class_of(kind)(random_state=0).fit(train, target_for(kind, train, 1, ["a", "b"]))
    row = pd.DataFrame({"n0": [1.0], "n1": [value]})
    model = loaded(estimator)
    if math.isnan(value) and kind in SIMPLE:
        assert_same(estimator, row)
        return
    with pytest.raises(ValueError, match="NaN|infinity|too large"):
        estimator.predict(row)
    with pytest.raises(InvalidRow, match="n1: expected a number"):
        model.predict([1.0, value])


def test_the_largest_number_that_rounds_to_a_finite_float32_is_accepted():
    train = number_table(1, 60, width=1, missing=0)
    estimator = DecisionTreeRegressor().fit(train, signal(train, 1))
    half_way = float(np.finfo(np.float32).max) + 2.0**103
    table = pd.DataFrame({"n0": [math.nextafter(half_way, 0), -math.nextafter(half_way, 0)]})

    assert_same(estimator, table)
    with pytest.raises(InvalidRow):
        loaded(estimator).predict([half_way])
    with pytest.raises(ValueError, match="infinity"):
        estimator.predict(pd.DataFrame({"n0": [half_way]}))


def test_scoring_leaves_the_callers_row_alone():
    train = number_table(1, 60, width=2)
    model = loaded(DecisionTreeRegressor().fit(train, signal(train, 1)))
    row = [0.1, 2.0]
    model.predict(row)

    assert row == [0.1, 2.0]
