"""[preprocessing] of model.toml as transformers: for categories, numbers, dates, and numbers named in log."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from evergreen.contract.contract import CATEGORY, DATE, DAY, NUMBER, Contract, Feature
from evergreen.errors import InvalidSettings
from evergreen.number_text import number
from evergreen.portable.date_parts import DateParts, Parts
from evergreen.settings.sections import AUTO, NONE, PreprocessingSettings

_SCALERS = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}
# Codes of a category that training never saw and of a missing one, for estimators that take no missing values.
_UNKNOWN, _MISSING = -1, -2
# What the model sees of a date unless model.toml says otherwise, beside the hour.
_PARTS = ("year", "month", "weekday", "days", "season")


def transformers(
    settings: PreprocessingSettings, contract: Contract, *, native: bool, scaled: bool
) -> list[tuple[str, Any, list[str]]]:
    """The arguments of a ColumnTransformer: name, transformer and columns of each group.

    Args:
        native: the estimator takes missing numbers as they are, and categories as numbers.
        scaled: the estimator needs numbers of the same scale.

    Raises:
        InvalidSettings: [preprocessing] log names a feature that is a category or has values below 0.
    """
    for feature in contract.features:
        if feature.name in settings.log and (feature.type != NUMBER or feature.minimum is None or feature.minimum < 0):
            what = f"is a {feature.type}" if feature.type != NUMBER else f"goes down to {number(feature.minimum or 0)}"
            raise InvalidSettings(f"model.toml: preprocessing.log: {feature.name!r} {what}: it has no logarithm")
    categories = [feature.name for feature in contract.features if feature.type == CATEGORY]
    numbers = [
        feature.name for feature in contract.features if feature.type == NUMBER and feature.name not in settings.log
    ]
    dates = [feature for feature in contract.features if feature.type == DATE]
    date_parts = DateParts(tuple(_parts(feature, settings) for feature in dates))
    steps = _number_steps(settings, native=native, scaled=scaled)
    groups: Sequence[tuple[str, list[Any], list[str]]] = (
        (CATEGORY, [_encoder(settings, native=native)], categories),
        (NUMBER, steps, numbers),
        (DATE, [FunctionTransformer(date_parts), *steps], [feature.name for feature in dates]),
        ("logarithm", [FunctionTransformer(np.log1p), *steps], list(settings.log)),
    )
    return [(name, _one_of(steps), columns) for name, steps, columns in groups if columns]


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


def _number_steps(settings: PreprocessingSettings, *, native: bool, scaled: bool) -> list[Any]:
    steps: list[Any] = []
    impute = (NONE if native else "median") if settings.impute == AUTO else settings.impute
    if impute != NONE:
        steps.append(SimpleImputer(strategy=impute, add_indicator=settings.missing_indicator))
    scale = ("standard" if scaled else NONE) if settings.scale == AUTO else settings.scale
    if scale != NONE:
        steps.append(_SCALERS[scale]())
    return steps


def _one_of(steps: list[Any]) -> Any:
    if len(steps) == 1:
        return steps[0]
    return make_pipeline(*steps) if steps else "passthrough"
