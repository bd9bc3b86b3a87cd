"""Infers the contract from training rows: each feature's type and values there are those that a request may have."""

import numpy as np
import pandas as pd

from evergreen.contract.contract import CATEGORY, NUMBER, Contract, Feature
from evergreen.errors import InvalidData
from evergreen.metrics import CLASSIFICATION
from evergreen.number_text import number
from evergreen.settings.sections import ModelSettings

MAX_CLASSES = 100


def infer(train: pd.DataFrame, holdout: pd.DataFrame, settings: ModelSettings, *, file: str) -> Contract:
    """The contract of the training rows: features and target, numbers as float64, categories as text.

    Raises:
        InvalidData: a feature is missing in every training row, the target has too few or too many classes, or a class
            occurs in the holdout only.
    """
    target = settings.data.target
    names = [name for name in train.columns if name != target]
    # The last row without a missing cell; if there is none, the last row.
    whole = np.ones(len(train), dtype=bool)
    for name in names:
        whole &= pd.notna(train[name].to_numpy())
    example = whole.nonzero()[0][-1] if whole.any() else -1
    return Contract(
        task=settings.task,
        target=target,
        features=tuple(_feature(train[name], train[name].to_numpy()[example], file=file) for name in names),
        classes=_classes(train[target], holdout[target], file=file) if settings.task == CLASSIFICATION else (),
    )


def _feature(column: pd.Series, value: float | str | None, *, file: str) -> Feature:
    name = str(column.name)
    known = pd.notna(column.to_numpy())
    if not known.any():
        raise InvalidData(f"{file}: column {name!r} is empty in every training row; leave it out in model.toml")
    missing = not known.all()
    present = None if pd.isna(value) else value
    if column.dtype == object:
        categories = tuple(sorted(column[known].unique()))
        return Feature(name=name, type=CATEGORY, missing_allowed=missing, categories=categories, example=present)
    numbers = column.to_numpy()[known]
    return Feature(
        name=name,
        type=NUMBER,
        missing_allowed=missing,
        minimum=float(numbers.min()),
        maximum=float(numbers.max()),
        example=None if present is None else float(present),
    )


def _classes(train: pd.Series, holdout: pd.Series, *, file: str) -> tuple[str, ...]:
    """The labels of a classification: the texts of the target, sorted."""
    classes = sorted(train.unique())
    if not 2 <= len(classes) <= MAX_CLASSES:
        only = f", {classes[0]!r}," if len(classes) == 1 else ""
        raise InvalidData(
            f"{file}: the target {train.name!r} has {number(len(classes))} different values{only} in the training "
            f'rows; a classification takes 2 to {MAX_CLASSES}. For a number to predict, set task = "regression"'
        )
    unknown = sorted(set(holdout) - set(classes))
    if unknown:
        raise InvalidData(
            f"{file}: the target's value {unknown[0]!r} occurs in holdout rows only, so that it cannot be learned; "
            "add rows or change [split] holdout"
        )
    return tuple(classes)
