"""Splits rows into training and holdout: the latest or last rows, whole groups, or by a hash, without leakage."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evergreen.errors import InvalidData
from evergreen.settings.sections import GROUP, ORDER, TIME, SplitSettings
from training.preparing.cleaning import Cleaned
from training.preparing.equal_rows import each_by_itself
from training.preparing.row_hash import hash_values
from training.reading.columns import is_number, moments, texts_of
from training.reading.dates import seconds_of
from training.reading.source import Source
from training.reading.unfit import UnfitColumn

_TIME_OF_DAY = r"[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
# A clock has at most so many values, none larger, begins anew at least so often, and rises for so many rows on average.
_MOST_TICKS, _LARGEST_TICK, _LEAST_TURNS, _LEAST_RISE = 1440, 60, 5, 4


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Positions of the rows on each side, in their final order.

    Attributes:
        duplicates: how many holdout rows were left out because they are copies of a training row.
        moments: of every row, in a split by time or by the rows' order: numbers that sort by time.
    """

    train: np.ndarray
    holdout: np.ndarray
    duplicates: int
    moments: np.ndarray | None = None


def split(cleaned: Cleaned, settings: SplitSettings) -> Sides:
    """Split the rows. A holdout row that is a copy of a training row is left out, since the model has learned it.

    Raises:
        InvalidData: a cell of the split's column is empty, or, for a split by time, neither a number nor a date.
    """
    hashes, by, source = cleaned.hashes, cleaned.by, cleaned.source
    moments = None
    if settings.type == TIME:
        moments = _in_time(by, cleaned.ids, source=source)
        train, holdout = _by_time(moments, settings.holdout)
    elif settings.type == ORDER:
        moments = np.arange(len(hashes))
        train, holdout = _by_time(moments, settings.holdout)
    elif settings.type == GROUP:
        train, holdout = _by_hash(hash_values(_filled(by, source)), settings.holdout)
    else:
        train, holdout = _by_hash(each_by_itself(hashes) if cleaned.by_chance else hashes, settings.holdout)
    copies = np.zeros(len(holdout), dtype=bool) if cleaned.by_chance else np.isin(hashes[holdout], hashes[train])
    return Sides(train=train, holdout=holdout[~copies], duplicates=int(copies.sum()), moments=moments)


def _in_time(by: pd.Series | None, ids: pd.Series | None, *, source: Source) -> np.ndarray:
    """Numbers that sort by time.

    Captured rows may lack the column of time, which need be no feature: they are later than all rows of the table, in
    the order of their predictions, which their ids are in.
    """
    if by is None or ids is None or by[ids.notna()].notna().all():
        return moments_of(_filled(by, source), source=source)
    own = ids.isna().to_numpy()
    places = np.empty(len(by), np.int64)
    places[own] = np.unique(moments_of(_filled(by[own], source), source=source), return_inverse=True)[1]
    places[~own] = len(by) + np.unique(ids[~own].to_numpy(dtype=object), return_inverse=True)[1]
    return places


def _by_time(moments: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Training rows are earlier than the holdout's first moment, so no moment is on both sides."""
    order = np.argsort(moments, kind="stable")
    if not len(order):
        return order, order
    sorted_moments = moments[order]
    first = sorted_moments[int(len(order) * (1 - share))]
    before = sorted_moments < first
    return order[before], order[~before]


def _by_hash(hashes: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """A row is in the holdout if its hash, as a fraction of the range, is below the share; other rows do not matter."""
    kept = hashes < np.uint64(share * 2**64)
    return np.flatnonzero(~kept), np.flatnonzero(kept)


def _filled(by: pd.Series | None, source: Source) -> pd.Series:
    if by is None:
        raise ValueError("a split by time or group needs a column")
    if by.isna().any():
        raise InvalidData(
            f"{source.place(by.isna().idxmax())}: column {by.name!r} is empty; [split] by needs it in every row"
        )
    return by


def moments_of(column: pd.Series, *, source: Source) -> np.ndarray:
    """The split column as numbers that sort by time: numbers as they are, dates in seconds.

    Raises:
        InvalidData: they are neither, or do not sort by time: a time of the day, or a date as 31012020 or 10.2020.
    """
    where = f"{source.name}: column {column.name!r}"
    if not is_number(column) and column.astype("string[pyarrow]").str.fullmatch(_TIME_OF_DAY).all():
        raise InvalidData(
            f"{where} holds times of the day, such as {column.iloc[0]!r}, which come again each day and do not order "
            "the rows; [split] by needs dates, dates with times, or numbers that grow with time"
        )
    numbers = column.to_numpy(dtype="float64") if is_number(column) else source.numbers.parse(texts_of(column))[0]
    if np.isfinite(numbers).all():
        _check_order(numbers, where)
        return numbers
    try:
        return seconds_of(moments(column, source=source))
    except UnfitColumn as error:
        raise InvalidData(f"[split] by needs numbers or dates. {error}") from error


def _check_order(moments: np.ndarray, where: str) -> None:
    """Refuse numbers that are dates with the year last, or a clock that starts again and again.

    Raises:
        InvalidData: they do not sort by time.
    """
    if _year_comes_last(moments):
        raise InvalidData(
            f"{where} holds dates whose year comes last, such as {moments[0]:.15g}: as numbers they do not sort by "
            "time. Write them as 2020-01-31 or 2020-01"
        )
    if _starts_again(moments):
        raise InvalidData(
            f"{where} goes through the same {len(np.unique(moments))} values again and again, like a time of the day "
            "or a month: it does not order the rows. [split] by needs a column that grows with time"
        )


def _year_comes_last(moments: np.ndarray) -> bool:
    """Whether all numbers are like 31012020 or 1312020, or like 10.2020."""
    fraction = moments % 1
    years = np.round(fraction * 1e4)
    is_month = (moments >= 1) & (moments < 13) & (np.abs(fraction * 1e4 - years) < 1e-6)
    rest, last = np.divmod(moments, 1e4)
    one, other = np.divmod(rest, 100)
    is_day = (fraction == 0) & (one >= 1) & (one <= 31) & (other >= 1) & (other <= 31)
    return bool((is_month & _is_year(years)).all() or (is_day & _is_year(last)).all())


def _is_year(numbers: np.ndarray) -> np.ndarray:
    within: np.ndarray = (numbers >= 1900) & (numbers < 2100)
    return within


def _starts_again(moments: np.ndarray) -> bool:
    """Whether numbers rise and then begin anew, many times, and are as small as a clock's or a calendar's.

    Larger ones may be the years of one place after another's.
    """
    if not len(moments) or moments.min() < 0 or moments.max() > _LARGEST_TICK:
        return False
    falls = int(np.count_nonzero(np.diff(moments) < 0))
    return falls >= _LEAST_TURNS and falls * _LEAST_RISE <= len(moments) and len(np.unique(moments)) <= _MOST_TICKS
