"""Splits rows into training and holdout: the latest rows, whole groups, or by a hash of the row, without leakage."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evergreen.errors import InvalidData
from evergreen.settings.sections import GROUP, TIME, SplitSettings
from training.reading.source import Source
from training.row_hash import hash_values


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Positions of the rows on each side, in their final order.

    Attributes:
        duplicates: how many holdout rows were left out because they equal a training row.
        moments: of every row, in a split by time: numbers that sort by time.
    """

    train: np.ndarray
    holdout: np.ndarray
    duplicates: int
    moments: np.ndarray | None = None


def split(hashes: np.ndarray, by: pd.Series | None, settings: SplitSettings, *, source: Source) -> Sides:
    """Split the rows. A holdout row that equals a training row is left out, since the model has learned it.

    Args:
        hashes: one hash per row, of its features and target.
        by: the column of a split by time or group, as it was read.

    Raises:
        InvalidData: a cell of `by` is empty, or, for a split by time, neither a number nor a date.
    """
    moments = None
    if settings.type == TIME:
        moments = _moments(_filled(by, source), source=source)
        train, holdout = _by_time(moments, settings.holdout)
    elif settings.type == GROUP:
        train, holdout = _by_hash(hash_values(_filled(by, source)), settings.holdout)
    else:
        train, holdout = _by_hash(hashes, settings.holdout)
    learned = np.isin(hashes[holdout], hashes[train])
    return Sides(train=train, holdout=holdout[~learned], duplicates=int(learned.sum()), moments=moments)


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


def _moments(column: pd.Series, *, source: Source) -> np.ndarray:
    """The split column as numbers that sort by time: numbers as they are, ISO 8601 dates as nanoseconds."""
    parsed = pd.to_numeric(column.astype(object), errors="coerce") if column.dtype == object else column
    if pd.api.types.is_numeric_dtype(parsed) and parsed.notna().all():
        return parsed.to_numpy(dtype="float64")
    try:
        dates = pd.to_datetime(column.astype("string[pyarrow]"), format="ISO8601", utc=True)
    except (ValueError, TypeError) as error:
        raise InvalidData(
            f"{source.name}: column {column.name!r} holds neither numbers nor ISO 8601 dates; "
            "[split] by needs one of them"
        ) from error
    return dates.astype("int64").to_numpy()
