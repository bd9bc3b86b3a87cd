"""Trees that have been compiled give what the walk gives, to the last bit."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)

from evergreen.portable import compiled
from evergreen.portable.compiled import Total
from evergreen.portable.nodes import total
from tests.unit.portable.comparing import assert_same, classes, number_table, signal

_numbers = st.floats(allow_nan=False)
_sets = st.frozensets(st.integers(-1, 5))
# The values of a row: a number, a number that may be missing, a category.
_VALUES = st.tuples(_numbers, st.floats(), st.integers(-1, 5).map(lambda code: frozenset([code])))


def _split(children):
    of_number = st.tuples(st.integers(0, 1), _numbers, children, children)
    of_category = st.tuples(st.just(2), _sets, children, children)
    return of_number | of_category


_trees = st.recursive(_numbers, _split, max_leaves=20)


def same(one: float, other: float) -> bool:
    """As bits, so that NaN is NaN and zero keeps its sign."""
    return (math.isnan(one) and math.isnan(other)) or (
        one == other and math.copysign(1, one) == math.copysign(1, other)
    )


@settings(max_examples=500)
@given(st.lists(_trees, min_size=1, max_size=5), _numbers, _VALUES)
def test_a_compiled_sum_is_the_walks_to_the_last_bit(roots, start, values):
    function = compiled.compiled(roots)

    assert same(function(values, start), total(roots, start, values))


@pytest.fixture
def soon(monkeypatch):
    """Trees are compiled after their third row."""
    monkeypatch.setattr(compiled, "ROWS", 3)


CATEGORIES = np.array(["a", "b", "c", "d"], object)


def mixed_table(rows: int) -> pd.DataFrame:
    table = number_table(3, rows)
    return table.assign(city=pd.Categorical(np.random.default_rng(3).choice(CATEGORIES, rows)))


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "estimator",
    [
        HistGradientBoostingRegressor(max_iter=30, categorical_features="from_dtype"),
        GradientBoostingRegressor(n_estimators=20),
        RandomForestRegressor(n_estimators=20),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_what_a_compiled_regression_says_is_what_the_library_says(estimator):
    table = number_table(1, 600, missing=0) if isinstance(estimator, GradientBoostingRegressor) else mixed_table(600)
    if not isinstance(estimator, HistGradientBoostingRegressor):
        table = table.select_dtypes(float)
    target = np.abs(signal(table.select_dtypes(float), 1))
    assert_same(estimator.fit(table, target), table)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("estimator", [HistGradientBoostingClassifier(max_iter=10), GradientBoostingClassifier()])
def test_what_a_compiled_classification_says_is_what_the_library_says(estimator):
    table = number_table(2, 600, missing=0)
    assert_same(estimator.fit(table, classes(signal(table, 2), ["a", "b", "c"])), table)


def test_trees_are_compiled_once_some_with_each_row_and_not_before_it_pays(monkeypatch):
    made = []
    really = compiled.compiled
    monkeypatch.setattr(compiled, "compiled", lambda roots: made.append(list(roots)) or really(roots))
    monkeypatch.setattr(compiled, "NODES_AT_ONCE", 2)
    add = Total([1.0, 2.0, (0, 0.0, 4.0, 8.0), 16.0])
    for _ in range(compiled.ROWS - 1):
        assert add(0.5, [1.0]) == 27.5
    assert made == []
    for count in (1, 2, 3, 3, 3):
        assert add(0.5, [1.0]) == 27.5
        assert len(made) == count
    assert made == [[1.0, 2.0], [(0, 0.0, 4.0, 8.0)], [16.0]]


def test_trees_that_are_too_deep_or_too_many_are_walked(monkeypatch):
    deep: object = 1.0
    for _ in range(200):
        deep = (0, 0.5, deep, 2.0)
    many = [(0, 0.5, 1.0, 2.0)] * 20_000
    monkeypatch.setattr(compiled, "ROWS", 1)
    monkeypatch.setattr(compiled, "compiled", None)

    for roots in ([deep], many):
        assert not compiled.fits(roots)
        assert Total(roots)(0.0, [0.25]) == Total(roots)(0.0, [0.25]) == total(roots, 0.0, [0.25])
