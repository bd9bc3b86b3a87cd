"""Which rows are kept for judging: the latest, whole groups, or by a hash of the row. None leaks into the others."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evergreen.errors import InvalidData
from evergreen.settings.sections import GROUP, TIME, SplitSettings
from training.reading.source import Source
from training.row_hash import hash_values


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Positions of rows, in the order that the rows shall have; and how many of the holdout were left out."""

    train: np.ndarray
    holdout: np.ndarray
    duplicates: int


def split(hashes: np.ndarray, by: pd.Series | None, settings: SplitSettings, *, source: Source) -> Sides:
    """Take the rows apart. Rows of the holdout that equal a training row are left out: they have been learned.

    Args:
        hashes: of each row's features and target.
        by: the column of a split by time or group, as it was read.

    Raises:
        InvalidData: a cell of `by` is empty, or is neither a number nor a date where time is asked for.
    """
    if settings.type == TIME:
        train, holdout = _by_time(_moments(_filled(by, source), source=source), settings.holdout)
    elif settings.type == GROUP:
        train, holdout = _by_hash(hash_values(_filled(by, source)), settings.holdout)
    else:
        train, holdout = _by_hash(hashes, settings.holdout)
    learned = np.isin(hashes[holdout], hashes[train])
    return Sides(train=train, holdout=holdout[~learned], duplicates=int(learned.sum()))


def _by_time(moments: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Training rows come before the holdout's first moment; no moment is on both sides."""
    order = np.argsort(moments, kind="stable")
    if not len(order):
        return order, order
    sorted_moments = moments[order]
    first = sorted_moments[int(len(order) * (1 - share))]
    before = sorted_moments < first
    return order[before], order[~before]


def _by_hash(hashes: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The holdout is where the hash, as a fraction of its range, lies below the share. Other rows have no say in it."""
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
    """The split column as something that sorts by time: numbers as they are, ISO 8601 dates as nanoseconds."""
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
