"""Kinds of rows of a column that may mean trouble: missing, unseen, outside the training range, or one value."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from evergreen.contract.feature import CATEGORY, DATE, NUMBER, Feature
from evergreen.number_text import number

# For each row of a column, whether it is of a certain kind.
Hits = npt.NDArray[np.bool_]

MISSING, UNSEEN, OUTSIDE, CONSTANT = "missing", "unseen", "outside", "constant"

# Stands for each date that is there.
_PRESENT = "a date"
# A number that had one value in training has no spread to measure a change by. Values as near to it as this share of
# it count as equal.
_STEADY = 0.01
# A spread of this share of the values is the rounding of one value.
_ROUNDING = 1e-6


def steadied(feature: Feature, column: pd.Series) -> pd.Series:
    """A column as it is compared. Of a number that was constant in training, values near the constant are equal to it.

    Of a date, only whether it is there: time goes on.
    """
    if feature.type == DATE:
        return pd.Series(_PRESENT, index=column.index, dtype=object).where(column.notna(), None)
    low, high = feature.minimum, feature.maximum
    if feature.type != NUMBER or low is None or high is None or high - low > _ROUNDING * max(abs(low), abs(high)):
        return column
    return column.where((column - low).abs() > _STEADY * abs(low), low)


def hits_of(feature: Feature, column: pd.Series) -> Mapping[str, Hits]:
    """By kind, the rows of that kind. A kind that the column cannot have is left out."""
    found: dict[str, Hits] = {MISSING: column.isna().to_numpy()}
    if feature.type == CATEGORY and feature.categories:
        found[UNSEEN] = (column.notna() & ~column.isin(feature.categories)).to_numpy()
    if feature.type == NUMBER and feature.minimum is not None and feature.maximum is not None:
        values: npt.NDArray[np.float64] = column.to_numpy(dtype="float64")
        found[OUTSIDE] = (values < feature.minimum) | (values > feature.maximum)
    return found


def likeliest_constant(feature: Feature, column: pd.Series) -> float | str | None:
    """The value that most rows have, if one has most; None if every row is missing."""
    present = column.dropna()
    if not len(present):
        return None
    # A value of more than half of the numbers is their median; this is far quicker than counting all values.
    return (
        float(np.sort(present)[len(present) // 2]) if feature.type == NUMBER else str(present.value_counts().idxmax())
    )


def in_words(kind: str, feature: Feature) -> str:
    """What the rows of a kind are."""
    if kind == MISSING:
        return "missing"
    if kind == UNSEEN:
        return "of a category that training never saw"
    low, high = (math.nan if edge is None else edge for edge in (feature.minimum, feature.maximum))
    return f"outside the training range {number(low)} to {number(high)}"
