"""What counts as the library's own answer: nothing but it for trees, a little rounding for linear sums and links."""

import math

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeRegressor

from evergreen.portable.linear import Linear
from tests.unit.portable.comparing import classes, loaded, number_table, signal

TABLE = number_table(1, 200, width=2, missing=0, edges=[1.0])
TARGET = signal(TABLE, 1)
ROW = TABLE.iloc[0].tolist()


def test_a_tree_that_is_one_unit_in_the_last_place_off_disagrees():
    model = loaded(DecisionTreeRegressor(max_depth=3).fit(TABLE, TARGET))
    exact = model.predict(ROW)

    assert model.agrees(ROW, exact)
    assert not model.agrees(ROW, math.nextafter(exact, math.inf))
    assert not model.agrees(ROW, math.nan)


def test_a_linear_sum_may_be_off_by_rounding_and_by_no_more():
    model = loaded(LinearRegression().fit(TABLE, TARGET))
    exact = model.predict(ROW)
    scale = sum(abs(weight * value) for weight, value in zip(*[[*TABLE.iloc[0]]] * 2, strict=True))

    assert model.agrees(ROW, math.nextafter(exact, math.inf))
    assert not model.agrees(ROW, exact + 1e-9 * max(scale, 1))
    assert not model.agrees(ROW, math.nan)


@pytest.mark.parametrize("far", [-40, 40])
def test_what_passes_a_link_may_be_off_by_four_units_in_the_last_place(far):
    model = loaded(HistGradientBoostingRegressor(loss="poisson", max_iter=3).fit(TABLE, np.exp(TARGET)))
    exact = model.predict(ROW)

    assert model.agrees(ROW, exact + math.copysign(math.ulp(exact), far))
    assert not model.agrees(ROW, exact + far * math.ulp(exact))


def test_the_tolerance_of_a_linear_sum_goes_through_the_link():
    inner = TransformedTargetRegressor(LinearRegression(), func=np.log1p, inverse_func=np.expm1)
    model = loaded(inner.fit(TABLE, np.exp(TARGET)))
    exact = model.predict(ROW)

    assert model.agrees(ROW, exact * (1 + 1e-14))
    assert not model.agrees(ROW, exact * (1 + 1e-9))


def test_another_label_or_probability_of_a_forest_disagrees():
    model = loaded(RandomForestClassifier(5, random_state=0).fit(TABLE, classes(TARGET, ["a", "b", "c"])))
    label, shares = model.predict(ROW), model.probabilities(ROW)
    other = next(name for name in model.classes if name != label)

    assert model.agrees(ROW, label, shares)
    assert not model.agrees(ROW, other)
    assert not model.agrees(ROW, "nobody")
    assert not model.agrees(ROW, label, [math.nextafter(share, 2) for share in shares])
    assert not model.agrees(ROW, label, shares[:2])


def test_a_boosted_classifiers_probabilities_may_be_off_by_the_link_alone():
    model = loaded(GradientBoostingClassifier(n_estimators=3).fit(TABLE, classes(TARGET, ["a", "b"])))
    label, shares = model.predict(ROW), model.probabilities(ROW)

    assert model.agrees(ROW, label, [math.nextafter(share, 2) for share in shares])
    assert not model.agrees(ROW, label, [share + 1e-12 for share in shares])
    assert not model.agrees(ROW, label, [math.nan, math.nan])


def test_classes_that_rounding_alone_ranks_may_be_ranked_otherwise():
    estimator = LinearSVC().fit(TABLE, classes(TARGET, ["a", "b"]))
    weight, intercept = estimator.coef_[0].tolist(), float(estimator.intercept_[0])
    tie = [0.0, -intercept / weight[1] * (1 + 1e-13)]
    clear = [0.0, tie[1] + 1e-6]
    model = loaded(estimator)

    assert all(model.agrees(tie, label) for label in model.classes)
    assert sum(model.agrees(clear, label) for label in model.classes) == 1


def test_the_class_with_the_largest_terms_sets_the_tolerance():
    assert Linear([[1.0], [-1000.0], [2.0]], [0.0, 0.0, 0.0], ["n0"]).tolerance([2.0]) == pytest.approx(2e-9)


def test_an_estimator_without_probabilities_disagrees_with_any():
    model = loaded(LinearSVC().fit(TABLE, classes(TARGET, ["a", "b"])))

    assert model.probabilities(ROW) is None
    assert not model.agrees(ROW, model.predict(ROW), [0.5, 0.5])


def test_linear_probabilities_are_held_to_the_sums_tolerance():
    model = loaded(LogisticRegression().fit(TABLE, classes(TARGET, ["a", "b", "c"])))
    label, shares = model.predict(ROW), model.probabilities(ROW)

    assert model.agrees(ROW, label, [share * (1 + 1e-15) for share in shares])
    assert not model.agrees(ROW, label, [share + 1e-9 for share in shares])
