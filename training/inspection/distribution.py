"""What is drawn and said of a column's values, whatever it is taken for. A part of the rows is enough."""

import numpy as np
import pandas as pd

from evergreen.contract.date_form import DAY
from evergreen.number_text import number
from training.documents.profile import Distribution, distribution_in_time, distribution_of
from training.reading.columns import as_objects, is_number, texts_of
from training.reading.dates import is_date, parse, seconds_of

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
    # Those that Prepare refuses, since only some have a time zone, are texts still.
    seconds = seconds_of(some) if is_date(some) else parse(texts_of(some), ()).seconds
    if len(seconds) and not np.isnan(seconds).any():
        return distribution_in_time(seconds, DAY, name=name)
    return distribution_of(as_objects(texts_of(some), some), name=name)


def share_of(rows: int) -> str:
    """Which rows were looked at, for a caption."""
    return f"one row in {number(-(-rows // MOST))}" if rows > MOST else "all rows"
