"""Infers the contract: each feature's values in the training rows, in the types that all rows have."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from evergreen.contract import dates
from evergreen.contract.cells import label
from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, DATE, NUMBER, Feature
from evergreen.errors import InvalidData, InvalidSettings
from evergreen.feature_store.views import View
from evergreen.metrics import CLASSIFICATION
from evergreen.number_text import counted, number
from evergreen.settings.sections import ModelSettings
from training.reading.dates import form_of, is_date, seconds_of

MAX_CLASSES = 100
# The endpoint answers GET /model with the contract, in at most 6 MB, and reads it at each cold start.
_MOST_BYTES = 4_000_000


def infer(
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    settings: ModelSettings,
    *,
    file: str,
    stored: Sequence[View] = (),
) -> Contract:
    """The contract of the training rows: features and target, numbers as float64, categories as text.

    Args:
        stored: the feature views that some columns come from.

    Raises:
        InvalidSettings: the positive class is none of two.
        InvalidData: a feature is missing in every training row, a text of the holdout is longer than a request's may
            be, the target has too few or too many classes, or a class occurs in the holdout only.
    """
    target = settings.data.target
    names = [name for name in train.columns if name != target]
    classes = _classes(train[target], holdout[target], file=file) if settings.task == CLASSIFICATION else ()
    contract = Contract(
        task=settings.task,
        target=target,
        features=tuple(_feature(train[name], holdout[name], file=file) for name in names),
        missing=tuple(settings.data.missing),
        classes=classes,
        positive=_positive(settings, classes),
        longest_text=settings.data.longest_text,
        stored=_views(stored, names),
    )
    _require_short(holdout, contract, file=file)
    return contract


def _views(stored: Sequence[View], names: Sequence[str]) -> tuple[View, ...]:
    """The views with those features that the model reads."""
    read = (
        replace(view, features=tuple(feature for feature in view.features if feature.name in names)) for view in stored
    )
    return tuple(view for view in read if view.features)


def _require_short(holdout: pd.DataFrame, contract: Contract, *, file: str) -> None:
    for feature in contract.features:
        if feature.type == CATEGORY:
            longest = max(map(len, holdout[feature.name].dropna().unique()), default=0)
            if longest > max((contract.longest_text, *map(len, feature.categories))):
                raise InvalidData(
                    f"{file}: column {feature.name!r} has a text of {counted(longest, 'character')} in a holdout row, "
                    "longer than a request may have and any training row has. Set [data] longest_text = "
                    f"{longest}, or leave the column out in model.toml"
                )


def require_size(contract: Contract, *, file: str) -> None:
    """
    Raises:
        InvalidData: the texts of its categories are more than the endpoint can answer.
    """
    size = len(contract.to_json())
    if size > _MOST_BYTES:
        most = max(contract.features, key=lambda feature: sum(map(len, feature.categories)))
        raise InvalidData(
            f"{file}: the categories of all columns together take {size / 1e6:.1f} MB, and an endpoint can answer "
            f"{_MOST_BYTES / 1e6:.0f} MB. The longest are those of {most.name!r}, "
            f"{counted(len(most.categories), 'text')}: merge rare ones, or leave the column out in model.toml"
        )


def _feature(column: pd.Series, holdout: pd.Series, *, file: str) -> Feature:
    """A column's feature. Its example is its own middle or commonest value: no caller is shown a row of the table.

    Values are those of training rows. Whether one may be missing, or has a time of the day, holdout rows say too: the
    model is judged on them, and requests will be like them.

    Args:
        column: in the training rows.
        holdout: in the holdout rows.
    """
    name = str(column.name)
    known = pd.notna(column.to_numpy())
    if not known.any():
        raise InvalidData(f"{file}: column {name!r} is empty in every training row; leave it out in model.toml")
    missing = not known.all() or bool(holdout.isna().any())
    if column.dtype == object:
        counts: Counter[str] = Counter(column[known])
        return Feature(
            name=name,
            type=CATEGORY,
            missing_allowed=missing,
            categories=tuple(sorted(counts)),
            example=max(sorted(counts), key=counts.__getitem__),
        )
    if is_date(column):
        return _date(column, holdout, missing=missing)
    numbers = np.sort(column.to_numpy()[known])
    return Feature(
        name=name,
        type=NUMBER,
        missing_allowed=missing,
        minimum=float(numbers[0]),
        maximum=float(numbers[-1]),
        example=float(numbers[len(numbers) // 2]),
    )


def _date(column: pd.Series, holdout: pd.Series, *, missing: bool) -> Feature:
    form, moments = form_of(pd.concat([column, holdout])), np.sort(seconds_of(column.dropna()))
    return Feature(
        name=str(column.name),
        type=DATE,
        missing_allowed=missing,
        minimum=float(moments[0]),
        maximum=float(moments[-1]),
        example=dates.text(float(moments[len(moments) // 2]), form),
        form=form,
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


def _positive(settings: ModelSettings, classes: tuple[str, ...]) -> str:
    positive = str(label(settings.positive))
    if positive and len(classes) != 2:
        raise InvalidSettings(f"model.toml: positive goes with two classes, and the target has {number(len(classes))}")
    if positive and positive not in classes:
        raise InvalidSettings(
            f"model.toml: positive: {settings.positive!r} is no class of the target {settings.data.target!r}; the "
            f"classes are {' and '.join(map(repr, classes))}"
        )
    return positive
