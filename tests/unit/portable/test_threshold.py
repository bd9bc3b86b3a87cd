"""A threshold between two classes decides as the library's FixedThresholdClassifier does."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from evergreen import portable
from evergreen.errors import BrokenBundle, UnsupportedEstimator
from tests.unit.portable.comparing import classes, few, loaded, number_table, rows_of, signal, through_json

LABELS = st.sampled_from([["no", "yes"], [False, True], [3, 1], ["", "ü"]])
EXACT = [
    lambda: HistGradientBoostingClassifier(max_iter=10),
    lambda: make_pipeline(SimpleImputer(), GradientBoostingClassifier(n_estimators=10)),
    lambda: make_pipeline(SimpleImputer(), GradientBoostingClassifier(n_estimators=10, loss="exponential")),
    lambda: RandomForestClassifier(7, max_depth=4),
    lambda: DecisionTreeClassifier(min_samples_leaf=8),
]


def table_of(seed: int, rows: int, *, missing: float = 0.15) -> pd.DataFrame:
    return number_table(seed, rows, missing=missing, edges=[0.0, -0.0, 1.0])


def decider(estimator, threshold: float, positive, table: pd.DataFrame, target) -> FixedThresholdClassifier:
    return FixedThresholdClassifier(
        FrozenEstimator(estimator), threshold=threshold, pos_label=positive, response_method="predict_proba"
    ).fit(table, target)


@pytest.mark.parametrize("place", range(len(EXACT)))
def test_the_decision_is_the_librarys_also_where_a_probability_is_the_threshold(place):
    @few
    @given(seed=st.integers(0, 10_000), labels=LABELS, first=st.booleans(), quantile=st.floats(0, 1))
    def check(seed, labels, first, quantile):
        train, table = table_of(seed, 400), table_of(seed + 1, 1700)
        target = classes(signal(train, seed), labels)
        estimator = EXACT[place]().fit(train, target)
        positive = estimator.classes_.tolist()[0 if first else 1]
        # A probability that a row has: at it, the row is positive; just above it, it is not.
        all_given = estimator.predict_proba(table)[:, 0 if first else 1]
        at = float(np.quantile(all_given, quantile, method="nearest"))
        rows = rows_of(table)
        for threshold in {at, math.nextafter(at, 2), 0.5}:
            fitted = decider(estimator, threshold, positive, train, target)
            model, predicted = loaded(fitted), fitted.predict(table).tolist()
            theirs = fitted.predict_proba(table)
            for row, label, shares in zip(rows, predicted, theirs.tolist(), strict=True):
                probabilities = model.probabilities(row)
                column = 0 if first else 1
                # The links exp and 1 / (1 + exp) may differ in the last place, and with them a decision at the edge.
                assert model.predict(row) == label or probabilities[column] != shares[column]
                assert model.agrees(row, label, shares)
        counted_rows.append(len(rows))

    counted_rows: list[int] = []
    check()
    assert sum(counted_rows) >= 10_000


@few
@given(seed=st.integers(0, 10_000), threshold=st.floats(0.01, 0.99))
def test_a_sum_of_another_order_may_decide_otherwise_only_within_its_rounding(seed, threshold):
    train, table = table_of(seed, 300, missing=0.0), table_of(seed + 1, 1000, missing=0.0)
    target = classes(signal(train, seed), ["no", "yes"])
    fitted = decider(LogisticRegression().fit(train, target), threshold, "yes", train, target)
    model = loaded(fitted)
    predicted, shares = fitted.predict(table).tolist(), fitted.predict_proba(table).tolist()

    for row, label, both in zip(rows_of(table), predicted, shares, strict=True):
        assert model.agrees(row, label, both)
        other = "no" if label == "yes" else "yes"
        assert abs(both[1] - threshold) < 1e-9 or not model.agrees(row, other, both)


def test_a_probability_within_rounding_of_the_threshold_agrees_with_both_decisions():
    train = table_of(1, 300, missing=0.0)
    target = classes(signal(train, 1), ["no", "yes"])
    estimator = LogisticRegression().fit(train, target)
    row = rows_of(train)[0]
    shares = estimator.predict_proba(train[:1])[0].tolist()
    near = decider(estimator, shares[1] * (1 + 1e-15), "yes", train, target)
    far = decider(estimator, shares[1] * (1 + 1e-9), "yes", train, target)

    assert [loaded(near).agrees(row, label, shares) for label in ("no", "yes", "perhaps")] == [True, True, False]
    assert [loaded(far).agrees(row, label, shares) for label in ("no", "yes")] == [True, False]


def test_the_probabilities_are_those_without_a_threshold():
    train = table_of(2, 300)
    target = classes(signal(train, 2), ["no", "yes"])
    estimator = HistGradientBoostingClassifier(max_iter=5).fit(train, target)
    plain, decided = loaded(estimator), loaded(decider(estimator, 0.1, "yes", train, target))

    rows = rows_of(train)
    assert [plain.probabilities(row) for row in rows] == [decided.probabilities(row) for row in rows]
    assert [plain.predict(row) for row in rows] != [decided.predict(row) for row in rows]


def test_a_model_without_a_threshold_is_written_as_before():
    train = table_of(3, 100)
    target = classes(signal(train, 3), ["no", "yes"])
    estimator = DecisionTreeClassifier(max_depth=2).fit(train, target)
    plain, decided = portable.export(estimator), portable.export(decider(estimator, 0.3, "yes", train, target))

    assert list(plain) == ["format", "features", "scorer", "task", "classes", "links", "zero_is_positive", "steps"]
    assert plain["format"] == 1
    # A reader that knows no thresholds refuses the other by its format.
    assert decided == {**plain, "format": 2, "decision": {"positive": 1, "threshold": 0.3}}


def test_a_threshold_of_scores_or_of_no_probabilities_is_refused():
    train = table_of(4, 100, missing=0.0)
    target = classes(signal(train, 4), ["no", "yes"])
    scores = FixedThresholdClassifier(LogisticRegression(), response_method="decision_function").fit(train, target)
    ridge = FixedThresholdClassifier(RidgeClassifier()).fit(train, target)

    for estimator in (scores, ridge):
        with pytest.raises(UnsupportedEstimator, match="FixedThresholdClassifier with response_method.*predict_proba"):
            portable.export(estimator)


@pytest.mark.parametrize("decision", [{"positive": 1}, {"positive": 1, "threshold": 0.5, "why": ""}, None])
def test_a_damaged_decision_is_refused(decision):
    train = table_of(5, 100)
    target = classes(signal(train, 5), ["no", "yes"])
    estimator = DecisionTreeClassifier(max_depth=2).fit(train, target)
    document = through_json(portable.export(decider(estimator, 0.3, "yes", train, target)))

    with pytest.raises(BrokenBundle, match="not a portable model"):
        portable.load({**document, "decision": decision}, document["features"])
