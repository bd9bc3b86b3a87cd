"""Evidence made by hand: what Prepare and Train hand to the sheet and the card."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, NUMBER, Feature
from evergreen.metrics import CLASSIFICATION, REGRESSION, Outcomes, measure_all
from evergreen.settings.sections import (
    CardSettings,
    DataSettings,
    ModelSettings,
    PromotionSettings,
    SheetSettings,
    SplitSettings,
)
from training.preparing.prepared import Prepared

# Markup of both forms, quotes, a formula and an emoji.
NASTY = """<b>|`price`*_$x_1$ & "rooms" 🏠"""
CLASSES = ("cheap", "dear")


def settings(
    *,
    task: str = REGRESSION,
    metric: str = "mape",
    target: str = "price",
    card: CardSettings | None = None,
    sheet: SheetSettings | None = None,
    slices: Sequence[str] = ("city",),
) -> ModelSettings:
    return ModelSettings(
        name="houses",
        description="Price of a house, in dollars",
        task=task,
        metric=metric,
        data=DataSettings(path="data/houses.csv", target=target, leave_out=["volume"]),
        split=SplitSettings(by="date"),
        promotion=PromotionSettings(slices=list(slices)),
        card=card or CardSettings(),
        sheet=sheet or SheetSettings(),
    )


def contract(*, city: str = "city", target: str = "price", classes: tuple[str, ...] = ()) -> Contract:
    return Contract(
        task=CLASSIFICATION if classes else REGRESSION,
        target=target,
        features=(
            Feature(name=city, type=CATEGORY, missing_allowed=False, categories=("Austin", "Waco")),
            Feature(name="rooms", type=NUMBER, missing_allowed=True, minimum=1.0, maximum=9.0),
        ),
        classes=classes,
    )


def regression_outcomes(rows: int = 60) -> Outcomes:
    rng = np.random.default_rng(0)
    actual = rng.uniform(50_000, 200_000, rows)
    return Outcomes(actual=actual.tolist(), predicted=(actual * rng.normal(1, 0.1, rows)).tolist())


def class_outcomes(
    rows: int = 60, *, classes: tuple[str, ...] = CLASSES, known: bool = True, actual: Sequence[str] | None = None
) -> Outcomes:
    """Of a classifier that is right more often than not; without probabilities if they are not known."""
    rng = np.random.default_rng(0)
    truth = actual or [classes[place] for place in rng.integers(0, len(classes), rows)]
    weights = rng.uniform(0, 1, (len(truth), len(classes)))
    weights[np.arange(len(truth)), [classes.index(label) for label in truth]] += 0.8
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    return Outcomes(
        actual=truth,
        predicted=[classes[place] for place in probabilities.argmax(axis=1)],
        probabilities=probabilities.tolist() if known else (),
        classes=classes,
    )


def summary(*, findings: Sequence[str] = (), changes: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "data_version": "0f5e3a1b9c8d7e6f5a4b3c2d1e0f9a8b",
        "data_files": [{"name": "houses.csv", "md5": "0f5e3a1b9c8d7e6f5a4b3c2d1e0f9a8b", "bytes": 183221}],
        "train_rows": 240,
        "holdout_rows": 60,
        "dropped": {"without target": 7, "duplicates of training rows": 0},
        "findings": list(findings),
        "contract_changes": list(changes),
        "split": {"type": "time", "by": "date", "holdout": 0.2},
        "prepared_sha256": "ab" * 32,
    }


def metrics(outcomes: Outcomes, *, metric: str = "mape", city: str = "city") -> dict[str, Any]:
    task = CLASSIFICATION if outcomes.classes else REGRESSION
    holdout = measure_all(outcomes, task=task)
    return {
        "metric": metric,
        "holdout": holdout,
        "baseline": dict.fromkeys(holdout, 0.4321),
        "intervals": {name: [value * 0.9, value * 1.1] for name, value in holdout.items()},
        "worth": {"rows": 687, "independent": 61, "degrees": 3, "by": ["time"]},
        "importance": {"rooms": {"mean": 0.01, "std": 0.002}, city: {"mean": 0.05, "std": 0.004}},
        "slices": {city: {"Austin": {"rows": 40, "value": 0.05}, "Waco": {"rows": 20, "value": 0.11}}},
        "rows": summary(findings=["rooms is the same in nearly every row"]),
        "trained_at": "2026-11-24T16:20:00+00:00",
    }


def lineage(*, doubts: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "version": "houses-7",
        "git_commit": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567-dirty",
        "image": "an/image:1",
        "cpu": "x86_64",
        "seed": 0,
        "data_version": "0f5e3a1b9c8d7e6f5a4b3c2d1e0f9a8b",
        "settings_sha256": "cd" * 32,
        "source_sha256": "ef" * 32,
        "libraries": {"python": "3.12.3", "scikit-learn": "1.9.0"},
        "doubts": list(doubts),
        "mlflow_run_id": "",
        "mlflow_model_version": "",
    }


def prepared(train: pd.DataFrame, holdout: pd.DataFrame, of: Contract) -> Prepared:
    return Prepared(train=train, holdout=holdout, contract=of, dropped={}, findings=())
