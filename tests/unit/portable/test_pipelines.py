"""Whole pipelines, as users build them, give the library's own answers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from evergreen.errors import InvalidRow
from tests.unit.portable import comparing
from tests.unit.portable.comparing import (
    assert_near,
    assert_near_linear,
    assert_same,
    classes,
    count,
    few,
    loaded,
    numbers,
    rows_of,
    signal,
    words,
)

SEED = st.integers(0, 10_000)
MODEST = [0.0, -0.0, 1.0, 1 + 2**-24, 1e-310, 1e6]


def table_of(seed: int, rows: int, *, unseen: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "city": words(random, rows, unseen=unseen),
            "size": numbers(random, rows, edges=MODEST),
            "income": np.abs(numbers(random, rows, missing=0, edges=MODEST)),
            "kind": words(random, rows, unseen=unseen),
            "age": numbers(random, rows, missing=0, edges=MODEST),
        }
    )


def prepared(*, scaler, hot: OneHotEncoder, indicator: bool = True, logarithm: bool = True) -> ColumnTransformer:
    """What most tutorials do first."""
    filled = Pipeline([("fill", SimpleImputer(strategy="median", add_indicator=indicator)), ("scale", scaler)])
    return ColumnTransformer(
        [
            ("numbers", filled, ["size"]),
            ("texts", hot, ["city", "kind"]),
            ("income", FunctionTransformer(np.log1p) if logarithm else "drop", ["income"]),
        ],
        remainder="passthrough",
    )


SETTINGS = {
    "seed": SEED,
    "scaler": st.sampled_from([StandardScaler(), RobustScaler(), MinMaxScaler(clip=True)]),
    "drop": st.sampled_from([None, "first"]),
    "frequency": st.sampled_from([None, 20]),
    "sparse": st.booleans(),
}


def hot(drop, frequency, sparse) -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="infrequent_if_exist", drop=drop, min_frequency=frequency, sparse_output=sparse)


@pytest.mark.parametrize("final", [Ridge(), ElasticNet(0.01), LogisticRegression(max_iter=300)])
def test_a_linear_model_behind_imputation_scaling_and_encoding(final):
    @few
    @given(**SETTINGS)
    def check(seed, scaler, drop, frequency, sparse):
        train = table_of(seed, 400)
        target = signal(train, seed)
        if isinstance(final, LogisticRegression):
            target = classes(target, ["low", "middle", "high"] if seed % 2 else [False, True])
        estimator = make_pipeline(prepared(scaler=scaler, hot=hot(drop, frequency, sparse)), final).fit(train, target)
        unseen = table_of(seed + 1, 1700, unseen=0.1)
        transformed = estimator[:-1].transform(unseen)
        transformed = transformed.toarray() if hasattr(transformed, "toarray") else transformed
        assert_near_linear(estimator, unseen, transformed, estimator[-1])

    before = comparing.ROWS["ColumnTransformer"]
    check()
    assert comparing.ROWS["ColumnTransformer"] - before >= 10_000


@pytest.mark.parametrize(
    "final",
    [
        RandomForestClassifier(10, random_state=0),
        ExtraTreesRegressor(10, random_state=0),
        GradientBoostingRegressor(n_estimators=15, random_state=0),
        HistGradientBoostingRegressor(max_iter=15, random_state=0),
    ],
)
def test_trees_behind_imputation_scaling_and_encoding(final):
    @few
    @given(**SETTINGS)
    def check(seed, scaler, drop, frequency, sparse):
        train = table_of(seed, 400)
        target = signal(train, seed)
        if isinstance(final, RandomForestClassifier):
            target = classes(target, ["low", "middle", "high"])
        dense = sparse and not isinstance(final, HistGradientBoostingRegressor)
        # Without log1p, whose last bit is numpy's own, every step before the trees is exact.
        columns = prepared(scaler=scaler, hot=hot(drop, frequency, dense), logarithm=False)
        assert_same(make_pipeline(columns, final).fit(train, target), table_of(seed + 1, 1700, unseen=0.1))

    before = comparing.ROWS["Pipeline"]
    check()
    assert comparing.ROWS["Pipeline"] - before >= 10_000


def test_trees_behind_a_logarithm():
    train = table_of(3, 500)
    columns = prepared(scaler=StandardScaler(), hot=hot(None, None, False))
    estimator = make_pipeline(columns, RandomForestClassifier(10, random_state=0))

    assert_same(estimator.fit(train, classes(signal(train, 3), ["low", "high"])), table_of(4, 3000, unseen=0.1))


def test_native_categories_behind_an_ordinal_encoder():
    @few
    @given(seed=SEED, missing=st.sampled_from([np.nan, -2]))
    def check(seed, missing):
        train = table_of(seed, 500)
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=missing
        )
        columns = ColumnTransformer([("codes", encoder, ["kind", "city"])], remainder="passthrough")
        final = HistGradientBoostingClassifier(max_iter=10, categorical_features=[0, 1], random_state=0)
        target = classes(signal(train, seed) + (train.city == "Waco"), ["a", "b", "c"])
        assert_same(make_pipeline(columns, final).fit(train, target), table_of(seed + 1, 1700, unseen=0.1))

    check()


def test_bins_before_a_linear_model():
    train = table_of(5, 500)
    columns = ColumnTransformer(
        [("bins", KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf"), ["age", "income"])]
    )
    estimator = make_pipeline(columns, Ridge()).fit(train, signal(train, 5))
    unseen = table_of(6, 3000)

    assert_near_linear(estimator, unseen, estimator[:-1].transform(unseen).toarray(), estimator[-1])


@pytest.mark.parametrize("inner", [Ridge(), HistGradientBoostingRegressor(max_iter=10)])
def test_a_target_in_logarithms(inner):
    @few
    @given(**SETTINGS)
    def check(seed, scaler, drop, frequency, sparse):
        train = table_of(seed, 400)
        linear = isinstance(inner, Ridge)
        regressor = make_pipeline(
            prepared(scaler=scaler, hot=hot(drop, frequency, sparse and linear), logarithm=linear), inner
        )
        estimator = TransformedTargetRegressor(regressor, func=np.log1p, inverse_func=np.expm1)
        estimator.fit(train, np.exp(signal(train, seed)))
        unseen = table_of(seed + 1, 1700, unseen=0.1)
        model = loaded(estimator)
        rows = rows_of(unseen)
        count(estimator, len(rows))
        predicted = estimator.predict(unseen)
        if not linear:
            assert [model.raw(row)[0] for row in rows] == estimator.regressor_.predict(unseen).tolist()
            assert_near([model.predict(row) for row in rows], predicted, units=4)
        assert all(model.agrees(row, value) for row, value in zip(rows, predicted.tolist(), strict=True))
        assert not model.agrees(rows[0], predicted[0] + 1e-9 * (1 + abs(predicted[0])))

    before = comparing.ROWS["TransformedTargetRegressor"]
    check()
    assert comparing.ROWS["TransformedTargetRegressor"] - before >= 10_000


def test_a_loss_with_a_link_under_a_target_in_logarithms():
    train = table_of(7, 400)[["size", "income", "age"]]
    inner = HistGradientBoostingRegressor(loss="poisson", max_iter=10)
    estimator = TransformedTargetRegressor(inner, func=np.log1p, inverse_func=np.expm1)
    estimator.fit(train, np.exp(np.abs(signal(train, 7))))
    model = loaded(estimator)
    rows = rows_of(train)
    predicted = estimator.predict(train)

    assert [model.raw(row)[0] for row in rows] == estimator.regressor_._raw_predict(train).ravel().tolist()
    # Two links, one after the other: the second also carries the first's last bit on.
    assert np.allclose([model.predict(row) for row in rows], predicted, rtol=1e-14, atol=0)
    assert not np.allclose(np.exp(estimator.regressor_._raw_predict(train).ravel()), predicted, rtol=0.1)


def test_a_target_that_is_not_transformed_and_pipelines_within_pipelines():
    train = table_of(7, 400)
    inner = make_pipeline(prepared(scaler=StandardScaler(), hot=hot(None, 20, False), logarithm=False), "passthrough")
    final = TransformedTargetRegressor(ExtraTreesRegressor(5, random_state=0))
    estimator = Pipeline([("inner", inner), ("no", None), ("outer", Pipeline([("final", final)]))])

    assert_same(estimator.fit(train, signal(train, 7)), table_of(8, 2000, unseen=0.1))


def test_a_number_too_large_for_a_step_is_rejected_under_its_features_name():
    train = table_of(9, 300)
    columns = prepared(scaler=StandardScaler(), hot=hot(None, None, False))
    model = loaded(make_pipeline(columns, ExtraTreesRegressor(3)).fit(train, signal(train, 9)))

    for row, name in (
        (["Waco", 1e300, 1.0, "Waco", 1.0], "size"),
        (["Waco", 1.0, 1.0, "Waco", 1e39], "age"),
        (["Waco", 1.0, -1.0, "Waco", 1.0], "income"),
    ):
        with pytest.raises(InvalidRow, match=f"^{name}: expected"):
            model.predict(row)
