"""Each transformer makes of a row what the library makes of it, to the last bit (log1p: a few units)."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    StandardScaler,
)

from evergreen.errors import InvalidRow
from evergreen.portable import families
from evergreen.portable.columns import Columns
from evergreen.portable.date_parts import PARTS, DateParts, Parts
from tests.unit.portable import comparing
from tests.unit.portable.comparing import (
    EDGES,
    WORDS,
    assert_same_step,
    counted,
    few,
    neighbours,
    number_table,
    numbers,
    rows_of,
    step_of,
    text_table,
)

SEED = st.integers(0, 10_000)
NARROW = [*EDGES[:-2], 1e6, -1e6]


def test_standard_and_robust_scalers():
    @few
    @given(seed=SEED, first=st.booleans(), second=st.booleans())
    def check(seed, first, second):
        train = number_table(seed, 300)
        unseen = number_table(seed + 1, 2000, edges=[*EDGES, 1.7e308, -1.7e308])
        assert_same_step(StandardScaler(with_mean=first, with_std=second).fit(train), unseen)
        assert_same_step(RobustScaler(with_centering=first, with_scaling=second).fit(train), unseen)

    counted("StandardScaler", check)
    assert comparing.ROWS["RobustScaler"] >= 10_000


def test_min_max_scaler():
    @few
    @given(seed=SEED, clip=st.booleans(), low=st.floats(-5, 0), width=st.floats(0.1, 10))
    def check(seed, clip, low, width):
        train = number_table(seed, 300, edges=NARROW)
        assert_same_step(
            MinMaxScaler(feature_range=(low, low + width), clip=clip).fit(train), number_table(seed + 1, 2000)
        )

    counted("MinMaxScaler", check)


def test_imputer_on_numbers():
    @few
    @given(
        seed=SEED,
        strategy=st.sampled_from(["mean", "median", "most_frequent", "constant"]),
        indicator=st.booleans(),
        keep=st.booleans(),
    )
    def check(seed, strategy, indicator, keep):
        train = number_table(seed, 300).assign(n1=np.nan)
        train["n2"] = train["n2"].fillna(0.5)
        imputer = SimpleImputer(strategy=strategy, add_indicator=indicator, keep_empty_features=keep)
        assert_same_step(imputer.fit(train), number_table(seed + 1, 2000))

    counted("SimpleImputer", check)


def test_imputer_on_text():
    @few
    @given(seed=SEED, strategy=st.sampled_from(["most_frequent", "constant"]), indicator=st.booleans())
    def check(seed, strategy, indicator):
        imputer = SimpleImputer(strategy=strategy, add_indicator=indicator)
        assert_same_step(imputer.fit(text_table(seed, 300)), text_table(seed + 1, 2000, unseen=0.1))
        absent = text_table(seed, 300).astype(object)
        absent = absent.where(absent.notna(), None)
        imputer = SimpleImputer(missing_values=None, strategy=strategy, fill_value="none", add_indicator=indicator)
        assert_same_step(imputer.fit(absent), absent)

    counted("SimpleImputer", check)


@pytest.mark.parametrize("encode", ["ordinal", "onehot", "onehot-dense"])
def test_bins(encode):
    @few
    @given(seed=SEED, bins=st.integers(2, 9), strategy=st.sampled_from(["uniform", "quantile", "kmeans"]))
    def check(seed, bins, strategy):
        train = number_table(seed, 300, missing=0, edges=NARROW)
        discretizer = KBinsDiscretizer(
            bins, encode=encode, strategy=strategy, quantile_method="averaged_inverted_cdf", random_state=0
        ).fit(train)
        assert_same_step(discretizer, number_table(seed + 1, 2000, missing=0))
        near = neighbours([edge for edges in discretizer.bin_edges_ for edge in edges.tolist()])
        assert_same_step(discretizer, pd.DataFrame(dict.fromkeys(train, near)))

    counted("KBinsDiscretizer", check)


def test_functions():
    @few
    @given(seed=SEED)
    def check(seed):
        table = number_table(seed, 1500, edges=[*EDGES, -1.0, math.nextafter(-1, 0), 1.7e308])
        assert_same_step(FunctionTransformer(np.log1p).fit(table), table, units=4)
        assert_same_step(FunctionTransformer().fit(table), table)

    counted("FunctionTransformer", check)


def test_parts_of_dates():
    @few
    @given(seed=SEED)
    def check(seed):
        random = np.random.default_rng(seed)
        moments = pd.DataFrame(
            {
                "sold": random.integers(-62_135_596_800, 253_402_300_799, 2000)
                + random.choice([0, 0.001, 0.999], 2000),
                "built": np.where(random.random(2000) < 0.2, np.nan, random.integers(0, 30_000, 2000) * 86_400.0),
            }
        )
        parts = DateParts((Parts(PARTS, 1e9), Parts(tuple(random.permutation(PARTS)[:3]), 0.0)))
        assert_same_step(FunctionTransformer(parts).fit(moments), moments)

    counted("FunctionTransformer", check)


def test_parts_of_a_date_are_what_pandas_says():
    moments = pd.Series(pd.date_range("1965-03-31T23:59", periods=3000, freq="101h"))
    parts = Parts(("year", "month", "day", "weekday", "hour", "days", "season"), -1e8)
    found = DateParts((parts,))((moments - pd.Timestamp(0)).dt.total_seconds().to_frame())
    at, angle = moments.dt, 2 * np.pi * (moments.dt.dayofyear - 1 + moments.dt.hour / 24) / 365.25
    days = (moments - pd.Timestamp(-1e8, unit="s")) / pd.Timedelta(days=1)

    assert np.array_equal(found[:, :4], np.column_stack([at.year, at.month, at.day, at.weekday]))
    assert np.allclose(found[:, 4:], np.column_stack([at.hour + at.minute / 60, days, np.sin(angle), np.cos(angle)]))


def test_a_scaled_sparse_matrix_is_rounded_as_the_library_rounds_it():
    table = text_table(1, 3000, unseen=0.1)
    pipeline = make_pipeline(OneHotEncoder(handle_unknown="ignore"), StandardScaler(with_mean=False)).fit(table)
    document, _ = families.export_step(pipeline, Columns(tuple(table.columns)))

    assert {step.get("kind") for step in document["steps"]} == {"one_hot", "multiply_add"}
    assert_same_step(pipeline, table)
    assert_same_step(make_pipeline(OneHotEncoder(), RobustScaler(with_centering=False)).fit(table), table)
    assert_same_step(make_pipeline(OneHotEncoder(sparse_output=False), StandardScaler()).fit(table), table)
    # A ColumnTransformer puts out a sparse matrix where most values are zero.
    table["age"] = np.random.default_rng(1).normal(size=len(table))
    columns = ColumnTransformer([("hot", OneHotEncoder(), ["city", "kind"])], remainder="passthrough")
    assert_same_step(make_pipeline(columns, StandardScaler(with_mean=False)).fit(table), table)
    filled = make_pipeline(columns, SimpleImputer(), FunctionTransformer(), RobustScaler(with_centering=False))
    assert_same_step(filled.fit(table), table)
    assert columns.sparse_output_


def mixed_table(seed: int, rows: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    texts = text_table(seed, rows, unseen=0.1 if seed % 2 else 0)
    return pd.DataFrame(
        {
            "size": numbers(random, rows),
            "city": texts.city,
            "age": numbers(random, rows, missing=0),
            "kind": texts.kind,
            "rooms": numbers(random, rows),
        }
    )


@pytest.mark.parametrize(
    "transformer",
    [
        ColumnTransformer([("scaled", StandardScaler(), ["rooms", "size"]), ("rest", "drop", ["city", "kind"])]),
        ColumnTransformer(
            [("hot", OneHotEncoder(handle_unknown="ignore"), ["kind"]), ("none", StandardScaler(), [])],
            remainder="passthrough",
        ),
        ColumnTransformer(
            [("kept", "passthrough", ["age"]), ("text", "drop", ["city", "kind"])], remainder=MinMaxScaler()
        ),
        ColumnTransformer(
            [
                ("numbers", SimpleImputer(add_indicator=True), make_column_selector(dtype_include=float)),
                (
                    "texts",
                    Pipeline(
                        [
                            ("fill", SimpleImputer(strategy="constant")),
                            ("no", "passthrough"),
                            ("hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False)),
                        ]
                    ),
                    [1, 3],
                ),
            ]
        ),
        ColumnTransformer([("mask", RobustScaler(), [True, False, True, False, False])], sparse_threshold=1.0),
        ColumnTransformer([("one", StandardScaler(), slice("size", "size"))]).set_output(transform="pandas"),
    ],
)
def test_column_transformer(transformer):
    transformer.fit(mixed_table(2, 400))
    assert_same_step(transformer, mixed_table(3, 2500))


@pytest.mark.parametrize(
    "transformer",
    [
        StandardScaler(),
        RobustScaler(),
        MinMaxScaler(clip=True),
        SimpleImputer(),
        OneHotEncoder(handle_unknown="ignore"),
    ],
)
def test_an_infinite_number_is_rejected_where_the_library_rejects_it(transformer):
    train = number_table(1, 100, width=2)
    step = step_of(transformer.fit(train), train)
    for value in (math.inf, -math.inf):
        with pytest.raises(ValueError, match="infinity"):
            transformer.transform(pd.DataFrame({"n0": [math.nan], "n1": [value]}))
        with pytest.raises(InvalidRow, match="n1: expected a finite number"):
            step([math.nan, value])


@pytest.mark.parametrize("transformer", [KBinsDiscretizer(3), FunctionTransformer(np.log1p, validate=True)])
def test_a_missing_number_is_rejected_where_the_library_rejects_it(transformer):
    train = number_table(1, 100, width=2, missing=0, edges=[1.0]).abs()
    step = step_of(transformer.fit(train), train)
    with pytest.raises(ValueError, match="NaN"):
        transformer.transform(pd.DataFrame({"n0": [1.0], "n1": [math.nan]}))
    with pytest.raises(InvalidRow, match="n1: expected a finite number, got null"):
        step([1.0, math.nan])


def test_steps_leave_the_callers_row_alone():
    table = mixed_table(2, 300)
    transformer = ColumnTransformer(
        [("hot", OneHotEncoder(), ["city"]), ("fill", SimpleImputer(), ["size"])], remainder="passthrough"
    ).fit(table)
    row = rows_of(table.assign(city=WORDS[0]))[0]
    before = list(row)
    step_of(transformer, table)(row)

    assert all(old is new for old, new in zip(before, row, strict=True))
