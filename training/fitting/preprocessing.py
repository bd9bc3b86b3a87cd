"""[preprocessing] of model.toml as transformers: for categories, numbers, dates, and numbers named in log."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from evergreen.contract.contract import Contract
from evergreen.contract.date_form import DAY
from evergreen.contract.feature import CATEGORY, DATE, NUMBER, Feature
from evergreen.errors import InvalidSettings
from evergreen.metrics import REGRESSION
from evergreen.number_text import number
from evergreen.portable.date_parts import DateParts, Parts
from evergreen.settings.sections import AUTO, NONE, TARGET, PreprocessingSettings
from training.reading.categories import MOST_CODES

_SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}
# Codes of a category that training never saw and of a missing one, for estimators that take no missing values.
_UNKNOWN, _MISSING = -1, -2
# What the model sees of a date unless model.toml says otherwise, beside the hour.
_PARTS = ("year", "month", "weekday", "days", "season")
_FOLDS = 5


def transformers(
    settings: PreprocessingSettings, contract: Contract, *, native: bool, scaled: bool, folds: Any
) -> list[tuple[str, Any, list[str]]]:
    """The arguments of a ColumnTransformer: name, transformer and columns of each group.

    Args:
        native: the estimator takes missing numbers as they are, and categories as numbers.
        scaled: the estimator needs numbers of the same scale.
        folds: what `folds` gives.

    Raises:
        InvalidSettings: [preprocessing] log names a feature that is a category or has values below 0.
    """
    for feature in contract.features:
        if feature.name in settings.log and (feature.type != NUMBER or feature.minimum is None or feature.minimum < 0):
            what = f"is a {feature.type}" if feature.type != NUMBER else f"goes down to {number(feature.minimum or 0)}"
            raise InvalidSettings(f"model.toml: preprocessing.log: {feature.name!r} {what}: it has no logarithm")
    by_target = encoded_by_target(settings, contract)
    categories = [
        feature.name for feature in contract.features if feature.type == CATEGORY and feature.name not in by_target
    ]
    numbers = [
        feature.name for feature in contract.features if feature.type == NUMBER and feature.name not in settings.log
    ]
    dates = [feature for feature in contract.features if feature.type == DATE]
    date_parts = DateParts(tuple(_parts(feature, settings) for feature in dates))
    steps = _number_steps(settings, native=native, scaled=scaled)
    parts: Sequence[tuple[str, list[Any], list[str]]] = (
        (CATEGORY, [_encoder(settings, native=native)], categories),
        (TARGET, [_target_encoder(contract, folds), *_scaler(settings, scaled=scaled)], by_target),
        (NUMBER, steps, numbers),
        (DATE, [FunctionTransformer(date_parts), *steps], [feature.name for feature in dates]),
        ("logarithm", [FunctionTransformer(np.log1p), *steps], list(settings.log)),
    )
    return [(name, _one_of(steps), columns) for name, steps, columns in parts if columns]


def folds(task: str, *, groups: int, seed: int) -> Any:
    """The parts of the training rows, each of which is encoded by the targets of the others: by its own, the encoding
    of a row would tell its target.

    Args:
        groups: how many groups the rows have, each of which stays whole; 0 if they have none.
    """
    if groups > 1:
        return GroupKFold(min(_FOLDS, groups), shuffle=True, random_state=seed)
    return (KFold if task == REGRESSION else StratifiedKFold)(_FOLDS, shuffle=True, random_state=seed)


def encoded_by_target(settings: PreprocessingSettings, contract: Contract) -> list[str]:
    """The categories that become the mean of their target: those of many texts, or all of them."""
    return [
        feature.name
        for feature in contract.features
        if feature.type == CATEGORY and (settings.encode == TARGET or len(feature.categories) > MOST_CODES)
    ]


def _parts(date: Feature, settings: PreprocessingSettings) -> Parts:
    """The parts of a date that the model sees, days being counted from the first training row."""
    names = tuple(settings.date_parts) or (*_PARTS, *(("hour",) if date.form != DAY else ()))
    return Parts(names=names, first=date.minimum or 0.0)


def encodes_as_numbers(settings: PreprocessingSettings, *, native: bool) -> bool:
    """Whether a category becomes one number, instead of one column for each of its values."""
    return settings.encode == "ordinal" or (settings.encode == AUTO and native)


def _encoder(settings: PreprocessingSettings, *, native: bool) -> Any:
    grouped = settings.min_frequency if settings.min_frequency > 1 else None
    if not encodes_as_numbers(settings, native=native):
        unknown = "infrequent_if_exist" if grouped else "ignore"
        return OneHotEncoder(handle_unknown=unknown, min_frequency=grouped, sparse_output=False)
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan if native else _UNKNOWN,
        encoded_missing_value=np.nan if native else _MISSING,
        min_frequency=grouped,
    )


def _target_encoder(contract: Contract, folds: Any) -> TargetEncoder:
    # Said, since the library takes whole numbers for classes.
    kind = "continuous" if contract.task == REGRESSION else "binary" if len(contract.classes) == 2 else "multiclass"
    return TargetEncoder(target_type=kind, cv=folds)


def _number_steps(settings: PreprocessingSettings, *, native: bool, scaled: bool) -> list[Any]:
    steps: list[Any] = []
    impute = (NONE if native else "median") if settings.impute == AUTO else settings.impute
    if impute != NONE:
        steps.append(SimpleImputer(strategy=impute, add_indicator=settings.missing_indicator))
    return [*steps, *_scaler(settings, scaled=scaled)]


def _scaler(settings: PreprocessingSettings, *, scaled: bool) -> list[Any]:
    scale = ("standard" if scaled else NONE) if settings.scale == AUTO else settings.scale
    return [] if scale == NONE else [_SCALERS[scale]()]


def _one_of(steps: list[Any]) -> Any:
    if len(steps) == 1:
        return steps[0]
    return make_pipeline(*steps) if steps else "passthrough"
