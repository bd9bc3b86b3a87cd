"""Linear models lie within 1e-12 of the sum of |weight x value| of the library's scores."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import linear_model, svm
from sklearn.linear_model import LinearRegression, LogisticRegression

from evergreen.errors import InvalidRow
from evergreen.portable import families
from tests.unit.portable import comparing
from tests.unit.portable.comparing import assert_near_linear, classes, few, loaded, number_table, signal

KINDS = list(families.family("linear").SUPPORTED)
CLASSIFIERS = ("LogisticRegression", "RidgeClassifier", "LinearSVC")
LABELS = st.sampled_from([["no", "yes"], [False, True], [3, 1, 2], ["a", "", "ü", "b"], [2.0, -1.0], list(range(9))])


def class_of(kind: str):
    return getattr(linear_model, kind, None) or getattr(svm, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_linear_model_gives_the_librarys_answers(kind):
    @few
    @given(
        seed=st.integers(0, 10_000),
        width=st.integers(1, 40),
        intercept=st.booleans(),
        labels=LABELS,
        strength=st.floats(0.001, 10),
    )
    def check(seed, width, intercept, labels, strength):
        train = number_table(seed, 300, width=width, missing=0, edges=[0.0])
        target = signal(train, seed)
        if kind in CLASSIFIERS:
            target = classes(target, labels)
        parameters = {"fit_intercept": intercept}
        if kind != "LinearRegression":
            parameters["C" if kind in ("LogisticRegression", "LinearSVC", "LinearSVR") else "alpha"] = strength
        estimator = class_of(kind)(**parameters).fit(train, target)
        near = number_table(seed + 1, 1500, width=width, missing=0, edges=[0.0, -0.0])
        far = number_table(seed + 2, 500, width=width, missing=0)
        table = pd.concat([near, far], ignore_index=True)
        assert_near_linear(estimator, table, table.to_numpy(), estimator)

    before = comparing.ROWS[kind]
    check()
    assert comparing.ROWS[kind] - before >= 10_000


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_value_that_the_library_rejects_is_rejected_by_the_features_name(value):
    train = number_table(1, 60, width=2, missing=0)
    estimator = LinearRegression().fit(train, signal(train, 1))
    with pytest.raises(ValueError, match="NaN|infinity"):
        estimator.predict(pd.DataFrame({"n0": [1.0], "n1": [value]}))
    with pytest.raises(InvalidRow, match="n1: expected a finite number"):
        loaded(estimator).predict([1.0, value])


def test_a_sum_beyond_all_numbers_is_refused_which_the_library_makes_infinite():
    train = pd.DataFrame({"n0": [0.0, 1.0, 2.0], "n1": [0.0, 0.0, 1.0]})
    estimator = LinearRegression().fit(train, [0.0, 4.0, 13.0])
    table = pd.DataFrame({"n0": [1.7e308, -1.7e308], "n1": [1.7e308, -1.7e308]})

    assert estimator.predict(table).tolist() == [math.inf, -math.inf]
    for row in table.to_numpy().tolist():
        with pytest.raises(InvalidRow, match="expected numbers of which the model can make a finite result"):
            loaded(estimator).predict(row)


def test_a_sparse_coefficient_matrix_is_read_too():
    train = number_table(1, 200, width=5, missing=0, edges=[0.0])
    estimator = LogisticRegression().fit(train, classes(signal(train, 1), ["a", "b", "c"]))
    dense = [loaded(estimator).raw(row) for row in train.to_numpy().tolist()]
    estimator.sparsify()

    assert [loaded(estimator).raw(row) for row in train.to_numpy().tolist()] == dense


def test_probabilities_of_certain_rows_are_zero_and_one_without_an_error():
    train = pd.DataFrame({"n0": [-1.0, 1.0]})
    model = loaded(LogisticRegression(C=1e9).fit(train, ["a", "b"]))

    assert model.probabilities([-1e6]) == [1.0, 0.0]
    assert model.probabilities([1e6]) == [0.0, 1.0]


def test_a_row_of_zeros_scores_the_intercept_exactly():
    train = number_table(2, 100, width=3, missing=0, edges=[0.0])
    estimator = LinearRegression().fit(train, signal(train, 2))

    assert loaded(estimator).predict([0.0, -0.0, 0.0]) == float(np.float64(estimator.intercept_))
