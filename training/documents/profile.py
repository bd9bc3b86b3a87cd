"""Profile of a column: share of missing cells, range or categories, and a small histogram."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evergreen.contract.date_form import DateForm
from evergreen.contract.dates import span
from evergreen.contract.feature import CATEGORY, DATE, Feature
from evergreen.number_text import counted, number, share
from training.documents.document import Bars, printable
from training.reading.dates import form_of, is_date, seconds_of

_BINS = 12
_NAMED_CATEGORIES = 3


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """The values of a column.

    Attributes:
        values: range and median, or the number of categories and the commonest ones.
    """

    values: str
    histogram: Bars


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Texts that describe a column.

    Attributes:
        missing_train, missing_holdout: share of missing cells, in percent.
        values: range and median, or the number of categories and the commonest ones.
        unlike: how many holdout rows have a value outside the training rows' range or categories; empty if none.
        histogram: values of the training rows.
    """

    name: str
    type: str
    missing_train: str
    missing_holdout: str
    values: str
    unlike: str
    histogram: Bars


def profile_feature(feature: Feature, train: pd.Series, holdout: pd.Series) -> Profile:
    """Describe a feature by its columns of training and holdout rows: float64 with NaN, moments, or text with None."""
    seen = distribution_of(train.dropna(), name=feature.name)
    return Profile(
        name=feature.name,
        type=feature.type,
        missing_train=share(int(train.isna().sum()), len(train)),
        missing_holdout=share(int(holdout.isna().sum()), len(holdout)),
        values=seen.values,
        unlike=_unlike(feature, holdout),
        histogram=seen.histogram,
    )


def _unlike(feature: Feature, holdout: pd.Series) -> str:
    if feature.type == CATEGORY:
        unseen = int((holdout.notna() & ~holdout.isin(feature.categories)).sum())
        return f"{counted(unseen, 'row')} unseen in training" if unseen else ""
    if feature.minimum is None or feature.maximum is None:
        return ""
    values = pd.Series(seconds_of(holdout)) if feature.type == DATE else holdout
    outside = int((values.lt(feature.minimum) | values.gt(feature.maximum)).sum())
    return f"{counted(outside, 'row')} outside" if outside else ""


def distribution_of(known: pd.Series, *, name: str) -> Distribution:
    """Describe values: numbers, moments, or texts as objects; none of them missing."""
    if is_date(known) and len(known):
        return distribution_in_time(seconds_of(known), form_of(known), name=name)
    if known.dtype != object:
        return Distribution(values=_range(known), histogram=number_histogram(known, name=name))
    counts = category_counts(known)
    heights = tuple(float(count) for count in counts.to_numpy()[:_BINS])
    label = f"Counts of the commonest categories of {printable(name, at_most=40)}"
    return Distribution(values=_categories(counts), histogram=Bars(heights, label))


def distribution_in_time(seconds: np.ndarray, form: DateForm, *, name: str) -> Distribution:
    """Describe moments, of which there is one at least: drawn as numbers, and written as dates of a form."""
    range_ = span(float(seconds.min()), float(seconds.max()), form)
    label = f"Histogram of {printable(name, at_most=40)} from {range_}"
    return Distribution(values=range_, histogram=Bars(number_histogram(pd.Series(seconds), name=name).heights, label))


def number_histogram(known: pd.Series, *, name: str) -> Bars:
    """Counts in bins of equal width, from the smallest value to the largest."""
    label = f"Histogram of {printable(name, at_most=40)}"
    if known.empty:
        return Bars((), f"{label}: no values")
    values = known.to_numpy(dtype=float)
    label = f"{label} from {number(float(values.min()))} to {number(float(values.max()))}"
    # Halved, so that the width of the widest range does not overflow.
    low, width = values.min() / 2, values.max() / 2 - values.min() / 2
    if not width:
        return Bars((float(len(values)),), label)
    # At most one bar per distinct value: with more bars, whole numbers would leave gaps.
    bins = min(_BINS, len(np.unique(values)))
    places = np.minimum(((values / 2 - low) / width * bins).astype(int), bins - 1)
    return Bars(tuple(float(count) for count in np.bincount(places, minlength=bins)), label)


def category_counts(known: pd.Series) -> pd.Series:
    """Number of rows of each category, the commonest first, equal ones by name."""
    return known.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")


def _range(known: pd.Series) -> str:
    if known.empty:
        return "no values"
    low, middle, high = (float(value) for value in known.quantile([0, 0.5, 1]))
    return number(low) if low == high else f"{number(low)} to {number(high)}, median {number(middle)}"


def _categories(counts: pd.Series) -> str:
    shown = ", ".join(
        f"{printable(str(name), at_most=30)} {number(int(count))}"
        for name, count in counts.head(_NAMED_CATEGORIES).items()
    )
    return shown if len(counts) <= _NAMED_CATEGORIES else f"{number(len(counts))} categories: {shown} …"
