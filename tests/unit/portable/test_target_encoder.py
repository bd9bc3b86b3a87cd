"""TargetEncoder makes of a row what the library makes of it, to the last bit."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from evergreen.errors import InvalidRow
from tests.unit.portable.comparing import (
    assert_same,
    assert_same_step,
    classes,
    counted,
    few,
    numbers,
    step_of,
    text_table,
)

SEED = st.integers(0, 10_000)
LABELS = {"continuous": [], "binary": ["no", "yes"], "multiclass": ["a", "b", "c", "d"]}


def many_texts(seed: int, rows: int, *, missing: float = 0.1) -> pd.DataFrame:
    """A category of hundreds of texts, most of them rare, beside one of few."""
    random = np.random.default_rng(seed)
    column = np.array([f"Straße {code}" for code in random.geometric(0.005, rows)], dtype=object)
    few_texts = text_table(seed, rows, missing=missing).city
    return pd.DataFrame({"street": np.where(random.random(rows) < missing, np.nan, column), "city": few_texts})


def target(seed: int, rows: int, kind: str) -> np.ndarray:
    number = np.random.default_rng(seed).lognormal(3, 1, rows)
    return classes(number, LABELS[kind]) if LABELS[kind] else number


@pytest.mark.parametrize("kind", LABELS)
def test_target_encoder(kind):
    @few
    @given(
        seed=SEED,
        missing=st.sampled_from([0.0, 0.1]),
        smooth=st.sampled_from(["auto", 0, 0.1, 30.0]),
        rows=st.sampled_from([40, 1500]),
    )
    def check(seed, missing, smooth, rows):
        encoder = TargetEncoder(target_type=kind, smooth=smooth, cv=KFold(5, shuffle=True, random_state=seed))
        encoder.fit_transform(many_texts(seed, rows, missing=missing), target(seed, rows, kind))
        assert_same_step(encoder, many_texts(seed + 1, 2000))

    counted("TargetEncoder", check)


def test_categories_that_are_numbers_and_one_that_is_alone():
    random = np.random.default_rng(1)
    codes = pd.DataFrame({"code": random.choice([0.0, -2.0, 2.0**53 + 2, math.nan], 300), "alone": [7.0] * 300})
    encoder = TargetEncoder().fit(codes, random.normal(size=300))

    assert_same_step(encoder, pd.DataFrame({"code": [0.0, -0.0, 9.0, math.nan], "alone": [7.0, 8.0, math.nan, -7.0]}))


def test_a_target_of_one_value_and_categories_that_no_row_has():
    table = pd.DataFrame({"city": ["Waco", "Austin"] * 50})
    for encoder in (TargetEncoder(), TargetEncoder(categories=[["Austin", "Paris", "Waco"]], smooth=0.0)):
        assert_same_step(encoder.fit(table, [2.5] * 100), pd.DataFrame({"city": ["Waco", "Paris", "Rome", None]}))


@pytest.mark.parametrize("absent", [None, math.nan])
def test_a_missing_text_is_a_category_of_its_own_if_training_had_it_and_unknown_if_not(absent):
    table = pd.DataFrame({"city": np.array(["Waco", absent, "Austin"] * 50, dtype=object)})
    values = np.tile([1.5, 5.5, 3.5], 50)
    with_missing = TargetEncoder(smooth=0.0).fit(table, values)
    without = TargetEncoder().fit(table.dropna(), values[:100])

    assert step_of(with_missing, table)([None]) == [5.5]
    assert step_of(without, table)([None]) == step_of(without, table)(["Paris"]) == [values[:100].mean()]


def test_an_infinite_category_is_rejected_as_the_library_does():
    table = pd.DataFrame({"code": [1.0, 2.0] * 50})
    encoder = TargetEncoder().fit(table, np.arange(100.0))
    with pytest.raises(ValueError, match="infinity"):
        encoder.transform(pd.DataFrame({"code": [math.inf]}))
    with pytest.raises(InvalidRow, match="code: expected a finite number"):
        step_of(encoder, table)([math.inf])


@pytest.mark.parametrize("kind", LABELS)
def test_boosting_behind_a_target_encoder_and_a_scaler(kind):
    table = many_texts(3, 1200).assign(size=numbers(np.random.default_rng(3), 1200))
    encoder = make_pipeline(TargetEncoder(target_type=kind), StandardScaler())
    columns = ColumnTransformer([("target", encoder, ["street", "city"])], remainder="passthrough")
    boosting = HistGradientBoostingClassifier if LABELS[kind] else HistGradientBoostingRegressor
    unseen = many_texts(4, 1500).assign(size=numbers(np.random.default_rng(4), 1500))

    assert_same(make_pipeline(columns, boosting(max_iter=10)).fit(table, target(3, 1200, kind)), unseen)
