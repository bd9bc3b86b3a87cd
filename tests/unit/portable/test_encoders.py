"""Each encoder makes of a row what the library makes of it, to the last bit."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from evergreen.errors import InvalidRow
from tests.unit.portable.comparing import assert_same_step, counted, few, step_of, text_table

SEED = st.integers(0, 10_000)


def coded_table(seed: int, rows: int, *, missing: float, more: tuple[float, ...] = ()) -> pd.DataFrame:
    """Categories that are numbers."""
    random = np.random.default_rng(seed)
    codes = np.array([0.0, 1.0, -2.0, 0.5, 2.0**53 + 2, *more])
    column = np.where(random.random(rows) < missing, np.nan, random.choice(codes, rows))
    return pd.DataFrame({"code": column, "other": random.choice(codes[:2], rows)})


@pytest.mark.parametrize("handle_unknown", ["ignore", "infrequent_if_exist", "error", "warn"])
def test_one_hot_encoder(handle_unknown):
    @few
    @given(
        seed=SEED,
        drop=st.sampled_from([None, "first", "if_binary"]),
        missing=st.sampled_from([0.0, 0.1]),
        frequency=st.sampled_from([None, 10, 0.05]),
        most=st.sampled_from([None, 1, 2, 4]),
        dense=st.booleans(),
    )
    def check(seed, drop, missing, frequency, most, dense):
        encoder = OneHotEncoder(
            handle_unknown=handle_unknown,
            drop=drop,
            min_frequency=frequency,
            max_categories=most,
            sparse_output=not dense,
        )
        strict = handle_unknown == "error"
        texts = text_table(seed, 300, missing=missing)
        unseen = texts if strict else text_table(seed + 1, 2000, unseen=0.1)
        assert_same_step(encoder.fit(texts), pd.concat([unseen] * (7 if strict else 1)))
        codes = coded_table(seed, 300, missing=missing)
        unseen = codes if strict else coded_table(seed + 1, 1000, missing=0.1, more=(9.0, -0.0))
        assert_same_step(encoder.fit(codes), unseen)

    counted("OneHotEncoder", check)


def test_one_hot_encoder_that_drops_named_categories():
    table = text_table(1, 500, missing=0)
    assert_same_step(OneHotEncoder(drop=["Waco", "東京"], handle_unknown="ignore").fit(table), table)


def test_ordinal_encoder():
    @few
    @given(
        seed=SEED,
        unknown=st.sampled_from([-1, 99, math.nan]),
        missing=st.sampled_from([math.nan, -2, 1000]),
        share=st.sampled_from([0.0, 0.1]),
        frequency=st.sampled_from([None, 10, 0.05]),
        most=st.sampled_from([None, 2, 4]),
    )
    def check(seed, unknown, missing, share, frequency, most):
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=unknown,
            encoded_missing_value=missing,
            min_frequency=frequency,
            max_categories=most,
        )
        assert_same_step(encoder.fit(text_table(seed, 300, missing=share)), text_table(seed + 1, 2000, unseen=0.1))
        codes = coded_table(seed, 300, missing=share)
        assert_same_step(encoder.fit(codes), coded_table(seed + 1, 1000, missing=0.1, more=(9.0, -0.0)))

    counted("OrdinalEncoder", check)


def test_strict_ordinal_encoder_on_what_it_knows():
    table = text_table(1, 1000)
    assert_same_step(OrdinalEncoder().fit(table), table)


@pytest.mark.parametrize("absent", [None, math.nan])
def test_an_encoder_that_met_missing_text_as_none_or_nan_knows_it(absent):
    table = text_table(1, 500).astype(object)
    table = table.where(table.notna(), absent)
    assert_same_step(OneHotEncoder().fit(table), table)
    assert_same_step(OrdinalEncoder().fit(table), table)


@pytest.mark.parametrize("encoder", [OneHotEncoder(), OrdinalEncoder()])
@pytest.mark.parametrize("value", ["Paris", None])
def test_a_category_that_a_strict_encoder_rejects_is_rejected_by_the_features_name(encoder, value):
    train = text_table(1, 500, missing=0)
    encoder.fit(train)
    with pytest.raises(ValueError, match="unknown categories"):
        encoder.transform(pd.DataFrame({"city": ["Waco"], "kind": [value]}))
    with pytest.raises(InvalidRow, match="kind: expected one of the categories seen in training: '', '  ', '0'"):
        step_of(encoder, train)(["Waco", value])
