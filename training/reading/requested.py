"""A column of a table as requests have it: what JSON can hold, and dates in ISO 8601."""

from typing import Any

import numpy as np
import pandas as pd

from evergreen.contract.feature import DATE, NUMBER
from training.reading.columns import is_number, parsed, texts_of
from training.reading.dates import dates_or_texts
from training.reading.source import Source


def as_requested(column: pd.Series, kind: str, *, source: Source) -> list[Any]:
    """Numbers or texts, None for a missing cell. What is no finite number, or no date, stays its text.

    Args:
        column: as it was read.
        kind: "number", "category" or "date".

    Raises:
        UnfitColumn: numbers have different units.
    """
    if kind == DATE:
        return dates_or_texts(texts_of(column), source.dates)
    if kind != NUMBER:
        return texts_of(column).to_pylist()
    numbers, wrong = parsed(column, source=source)
    values: list[Any] = [None if np.isnan(number) else number for number in numbers.tolist()]
    texts = map(repr, numbers.tolist()) if is_number(column) else texts_of(column).to_pylist()
    return [text if bad else value for value, text, bad in zip(values, texts, wrong.tolist(), strict=True)]
