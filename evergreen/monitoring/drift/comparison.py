"""Compares a window of rows with the reference, feature by feature."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evergreen.contract.contract import CATEGORY, NUMBER, Feature
from evergreen.monitoring.drift.rule import counts
from evergreen.monitoring.drift.shift import Shift, shift_of_categories, shift_of_numbers, shift_of_share
from evergreen.number_text import number
from evergreen.settings.sections import DriftSettings

# The name of the column of predictions beside the features. No feature of a table can have this name.
PREDICTION = "(prediction)"

# For each row of a column, whether it is of a certain kind.
Hits = npt.NDArray[np.bool_]

# Whether a shift counts as drift in the comparison that it is part of.
Verdict = Callable[[Shift], bool]
# Measures how far the present values of each column have moved: takes reference, current, columns and the verdict.
Measure = Callable[[pd.DataFrame, pd.DataFrame, Sequence[Feature], Verdict], dict[str, Shift]]


@dataclass(frozen=True, kw_only=True)
class ColumnDrift:
    """The result for one column.

    Attributes:
        distance: from 0 to 1, the largest of its tests.
        reasons: a sentence for each test that found drift.
    """

    name: str
    distance: float
    reasons: tuple[str, ...] = ()

    @property
    def drifted(self) -> bool:
        return bool(self.reasons)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The results for the features, and for the predictions, which do not count in the share."""

    features: tuple[ColumnDrift, ...]
    prediction: ColumnDrift | None

    @property
    def share(self) -> float:
        """The share of the features that have drifted, from 0 to 1."""
        return sum(feature.drifted for feature in self.features) / len(self.features) if self.features else 0.0


def compared_features(features: Sequence[Feature], rule: DriftSettings) -> list[Feature]:
    """The features that the rule does not leave out, and without the season, which is the same on both sides."""
    return [feature for feature in features if feature.name not in (*rule.leave_out, rule.season)]


def in_season(reference: pd.DataFrame, current: pd.DataFrame, rule: DriftSettings) -> pd.DataFrame:
    """The reference rows to compare with: all of them, or those whose season occurs in the window."""
    if not rule.season or rule.season not in current:
        return reference
    return reference[reference[rule.season].isin(current[rule.season].unique())]


def measure(
    reference: pd.DataFrame, current: pd.DataFrame, features: Sequence[Feature], _verdict: Verdict
) -> dict[str, Shift]:
    """The shift of each column's present values."""
    return {feature.name: shift_of(reference[feature.name], current[feature.name], feature) for feature in features}


def shift_of(reference: pd.Series, current: pd.Series, feature: Feature) -> Shift:
    """The shift of a column's present values. Both sides must have at least one."""
    before, now = reference.dropna(), current.dropna()
    if feature.type == NUMBER:
        return shift_of_numbers(before.to_numpy(float), now.to_numpy(float))
    return shift_of_categories(before.value_counts().to_dict(), now.value_counts().to_dict())


def compare(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    features: Sequence[Feature],
    rule: DriftSettings,
    *,
    measure: Measure = measure,
) -> Comparison:
    """Compare frames that hold a column for each feature, NaN or None where a value is missing.

    Predictions are compared if both frames have the column PREDICTION.

    Args:
        features: those to compare.
        measure: the function that measures the shift of the present values.
    """
    columns = list(features)
    if PREDICTION in reference and PREDICTION in current:
        numeric = pd.api.types.is_numeric_dtype(reference[PREDICTION])
        columns.append(Feature(name=PREDICTION, type=NUMBER if numeric else CATEGORY, missing_allowed=False))
    measurable = [
        column for column in columns if all(frame[column.name].notna().any() for frame in (reference, current))
    ]
    shares = {column.name: list(_shares(column, reference[column.name], current[column.name])) for column in columns}
    tests = len(measurable) + sum(map(len, shares.values()))

    def is_drift(shift: Shift) -> bool:
        return counts(shift, rule, tests=tests)

    values = measure(reference, current, measurable, is_drift)
    drifts = {}
    for column in columns:
        shifts = [*([values[column.name]] if column.name in values else []), *shares[column.name]]
        drifts[column.name] = ColumnDrift(
            name=column.name,
            distance=max(shift.distance for shift in shifts),
            reasons=tuple(shift.words for shift in shifts if is_drift(shift)),
        )
    return Comparison(prediction=drifts.pop(PREDICTION, None), features=tuple(drifts.values()))


def _shares(feature: Feature, reference: pd.Series, current: pd.Series) -> Iterator[Shift]:
    """Shifts in the share of missing values, of unseen categories and of values outside the training range.

    A kind that occurs on neither side yields nothing.
    """
    for what, hits in (
        ("missing", lambda column: column.isna().to_numpy()),
        ("of a category that training never saw", lambda column: _unseen(feature, column)),
        (_range_in_words(feature), lambda column: _out_of_range(feature, column)),
    ):
        before, now = hits(reference), hits(current)
        if before.any() or now.any():
            yield shift_of_share(what, _hits_and_others(before), _hits_and_others(now))


def _unseen(feature: Feature, column: pd.Series) -> Hits:
    if feature.type != CATEGORY or feature.name == PREDICTION:
        return np.zeros(len(column), dtype=bool)
    unseen: Hits = (column.notna() & ~column.isin(feature.categories)).to_numpy()
    return unseen


def _out_of_range(feature: Feature, column: pd.Series) -> Hits:
    if feature.minimum is None or feature.maximum is None:
        return np.zeros(len(column), dtype=bool)
    values: npt.NDArray[np.float64] = column.to_numpy(dtype="float64")
    return (values < feature.minimum) | (values > feature.maximum)


def _range_in_words(feature: Feature) -> str:
    if feature.minimum is None or feature.maximum is None:
        return ""
    return f"outside the training range {number(feature.minimum)} to {number(feature.maximum)}"


def _hits_and_others(hits: Hits) -> tuple[int, int]:
    count = int(hits.sum())
    return count, len(hits) - count
