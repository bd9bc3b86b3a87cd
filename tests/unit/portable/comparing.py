"""Portable models held against the library's own answers, row by row, and the count of what was compared."""

import json
import math
from collections import Counter

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, settings

from evergreen import portable
from evergreen.portable import families
from evergreen.portable.columns import Columns

# Rows and fitted estimators compared, by class; conftest.py prints them.
ROWS: Counter[str] = Counter()
FITTED: Counter[str] = Counter()

# Few fits with many rows each, the same ones in every run.
few = settings(max_examples=6, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

WORDS = ["Austin", "Waco", "Zürich", "", "0", "nan", "  ", "東京"]
UNSEEN = ["Paris", "austin", "1"]
# Signed zeros, denormals, integers past 2**53, and neighbours that only float32 rounds together.
EDGES = [0.0, -0.0, 5e-324, -1e-310, 1e-40, 1.0, 1 + 2**-24, 1 + 2**-23, 1 + 2**-24 + 2**-52, 16777217.0]
EDGES += [2.0**53, 2.0**53 + 2, 1e15 + 0.5, 1e30, -1e30]


def numbers(random: np.random.Generator, rows: int, *, missing: float = 0.15, edges=EDGES) -> np.ndarray:
    column = np.where(random.random(rows) < 0.5, random.normal(size=rows).round(1), random.normal(size=rows) * 3)
    column = np.where(random.random(rows) < 0.2, random.choice(np.array(edges), rows), column)
    return np.where(random.random(rows) < missing, np.nan, column)


def number_table(seed: int, rows: int, *, width: int = 4, **options) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame({f"n{index}": numbers(random, rows, **options) for index in range(width)})


def words(random: np.random.Generator, rows: int, *, missing: float = 0.15, unseen: float = 0.0) -> np.ndarray:
    """Texts, the first of them frequent and the last rare; missing ones are NaN."""
    weights = np.array([2.0**-place for place in range(len(WORDS))])
    column = random.choice(np.array(WORDS, dtype=object), rows, p=weights / weights.sum())
    column = np.where(random.random(rows) < unseen, random.choice(np.array(UNSEEN, dtype=object), rows), column)
    return np.where(random.random(rows) < missing, np.nan, column)


def signal(table: pd.DataFrame, seed: int) -> np.ndarray:
    """A target that depends on the numbers, with noise."""
    bounded = np.tanh(np.nan_to_num(table.select_dtypes("number").to_numpy(dtype=float)))
    return bounded @ np.linspace(1, -1, bounded.shape[1]) + np.random.default_rng(seed).normal(size=len(table)) / 4


def classes(target: np.ndarray, labels: list) -> np.ndarray:
    """Labels for a target, about as many of each."""
    edges = np.quantile(target, np.linspace(0, 1, len(labels) + 1)[1:-1])
    return np.array(labels)[np.searchsorted(edges, target)]


def rows_of(table: pd.DataFrame) -> list[list]:
    """Rows as `Contract.parse` makes them: a missing number is NaN, a missing text None."""
    columns = [
        table[name].tolist()
        if table[name].dtype == float
        else [value if isinstance(value, str) else None for value in table[name].astype(object)]
        for name in table
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def through_json(document: dict) -> dict:
    return json.loads(json.dumps(document, allow_nan=False))


def loaded(estimator) -> portable.Model:
    """The portable model, by way of strict JSON."""
    document = through_json(portable.export(estimator))
    return portable.load(document, [str(name) for name in estimator.feature_names_in_])


def count(estimator, rows: int) -> None:
    """Count the rows for an estimator and for each part of it."""
    ROWS[type(estimator).__name__] += rows
    FITTED[type(estimator).__name__] += 1
    parts = [part for _, part in getattr(estimator, "steps", [])]
    parts += [part for _, part, _ in getattr(estimator, "transformers_", [])]
    parts += [estimator.regressor_] if hasattr(estimator, "regressor_") else []
    for part in parts:
        if part is not None and not isinstance(part, str):
            count(part, rows)


def assert_same(estimator, table: pd.DataFrame, library_raw: np.ndarray | None = None) -> None:
    """Raw scores, predictions and probabilities equal to the last bit, but for links: four units in the last place.

    Args:
        library_raw: the library's scores before any link, where they are not its prediction or decision function.
    """
    model = loaded(estimator)
    rows = rows_of(table)
    predicted = estimator.predict(table)
    count(estimator, len(rows))
    raw = np.array([model.raw(row) for row in rows])
    if library_raw is None and hasattr(estimator, "decision_function"):
        library_raw = estimator.decision_function(table)
    linked = library_raw is not None
    if library_raw is None:
        library_raw = predicted if model.task == "regression" else estimator.predict_proba(table)
    assert np.array_equal(raw.reshape(len(rows), -1), library_raw.reshape(len(rows), -1))
    if model.task == "regression":
        assert_near([model.predict(row) for row in rows], predicted, units=4 if linked else 0)
        return
    assert [model.predict(row) for row in rows] == predicted.tolist()
    assert model.classes == estimator.classes_.tolist()
    probabilities = np.array([model.probabilities(row) for row in rows])
    theirs = estimator.predict_proba(table)
    # One minus a probability near one loses digits: units are those of one.
    allowed = 4 * np.spacing(1.0 if probabilities.shape[1] == 2 else theirs) if linked else 0
    assert (np.abs(probabilities - theirs) <= allowed).all()
    some = slice(0, 200)
    for row, label, shares in zip(rows[some], predicted[some].tolist(), theirs[some].tolist(), strict=True):
        assert model.agrees(row, label, shares)


def assert_near(ours: list[float], theirs: np.ndarray, *, units: int) -> None:
    found = np.array(ours)
    assert ((found == theirs) | (np.abs(found - theirs) <= units * np.spacing(np.abs(theirs)))).all()


def assert_near_linear(estimator, table: pd.DataFrame, transformed: np.ndarray, final) -> None:
    """Raw scores within 1e-12 of the sum of absolute terms, and predictions the same but for ties within that."""
    model = loaded(estimator)
    rows = rows_of(table)
    predicted = estimator.predict(table)
    count(estimator, len(rows))
    weights = final.coef_.reshape(-1, transformed.shape[1])
    terms = np.abs(transformed) @ np.abs(weights).T + np.abs(final.intercept_)
    theirs = estimator.decision_function(table) if hasattr(estimator, "decision_function") else predicted
    raw = np.array([model.raw(row) for row in rows])
    assert (np.abs(raw - theirs.reshape(raw.shape)) <= 1e-12 * terms).all()
    ours = [model.predict(row) for row in rows]
    if model.task != "regression":
        clear = np.abs(raw[:, 0]) if raw.shape[1] == 1 else np.diff(np.sort(raw, axis=1)[:, -2:], axis=1)[:, 0]
        same = np.array([mine == label for mine, label in zip(ours, predicted.tolist(), strict=True)])
        assert (same | (clear <= 2e-12 * terms.max(axis=1))).all()
    shares = estimator.predict_proba(table) if hasattr(estimator, "predict_proba") else None
    assert (model.probabilities(rows[0]) is None) == (shares is None)
    if shares is not None:
        probabilities = np.array([model.probabilities(row) for row in rows])
        assert (np.abs(probabilities - shares) <= 1e-15 + 2e-12 * terms.max(axis=1, keepdims=True)).all()
    for place in range(0, len(rows), 10):
        given = None if shares is None else shares[place].tolist()
        assert model.agrees(rows[place], predicted[place].item(), given)


def assert_same_step(transformer, table: pd.DataFrame, *, units: int = 0) -> None:
    """What a fitted transformer makes of each row, to the last bit."""
    names = Columns(tuple(str(name) for name in table.columns))
    document, columns = families.export_step(transformer, names)
    step = families.load_step(through_json(document))
    rows = rows_of(table)
    count(transformer, len(rows))
    theirs = transformer.transform(table)
    theirs = theirs.toarray() if hasattr(theirs, "toarray") else np.asarray(theirs)
    ours = [step(row) for row in rows]
    assert theirs.shape == (len(rows), len(columns.names))
    if theirs.dtype == object:
        assert [[None if v is None or v != v else v for v in row] for row in ours] == [
            [None if v is None or v != v else v for v in row] for row in theirs.tolist()
        ]
        return
    found = np.array(ours, dtype=float)
    missing = np.isnan(theirs)
    assert np.array_equal(missing, np.isnan(found))
    assert_near(np.where(missing, 0.0, found).ravel().tolist(), np.where(missing, 0.0, theirs).ravel(), units=units)


def neighbours(values) -> list[float]:
    """Each value, the float just above it and the one just below."""
    return [near for v in values for near in (v, math.nextafter(v, math.inf), math.nextafter(v, -math.inf))]


def text_table(seed: int, rows: int, *, missing: float = 0.15, unseen: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame({name: words(random, rows, missing=missing, unseen=unseen) for name in ("city", "kind")})


def step_of(transformer, table: pd.DataFrame):
    document, _ = families.export_step(transformer, Columns(tuple(table.columns)))
    return families.load_step(through_json(document))


def counted(kind: str, check) -> None:
    """Run a property, and see that it compared enough rows."""
    before = ROWS[kind]
    check()
    assert ROWS[kind] - before >= 10_000
