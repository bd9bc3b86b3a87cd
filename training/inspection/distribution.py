"""What is drawn and said of a column's values, whatever it is taken for. A part of the rows is enough."""

import numpy as np
import pandas as pd

from evergreen.number_text import number
from training.documents.document import Bars, printable
from training.documents.profile import Distribution, distribution_of, number_histogram
from training.reading.columns import as_objects, is_number, texts_of

# Rows that are looked at, evenly spread over the table.
MOST = 20_000


def distribution(column: pd.Series) -> Distribution:
    """
    Args:
        column: numbers or texts, as they were read or with their type.
    """
    some, name = column.iloc[:: -(-len(column) // MOST) or 1].dropna(), str(column.name)
    if is_number(some):
        return distribution_of(some[np.isfinite(some.to_numpy(dtype="float64"))], name=name)
    texts = as_objects(texts_of(some), some)
    return _by_time(texts, name) or distribution_of(texts, name=name)


def _by_time(texts: pd.Series, name: str) -> Distribution | None:
    """Of ISO 8601 dates: how many rows fall into each part of the time that they span."""
    moments = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    if texts.empty or moments.isna().any() or texts.str.fullmatch("[0-9]+").all():
        return None
    first, last = moments.min(), moments.max()
    bars = number_histogram(moments.astype("int64"), name=name)
    words = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
    label = f"Histogram of {printable(name, at_most=40)} from {words}"
    return Distribution(values=words, histogram=Bars(bars.heights, label))


def share_of(rows: int) -> str:
    """Which rows were looked at, for a caption."""
    return f"one row in {number(-(-rows // MOST))}" if rows > MOST else "all rows"
