"""The columns of files whose cells are all read as text, CSV and Excel: numbers where every cell is one."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from evergreen.settings.sections import DataSettings
from training.reading.cells import read_texts
from training.reading.number_format import LEADING_ZERO, LONG, POWER, has, is_inexact, to_floats

# Reads a file's columns, whose names are its argument `columns`: all rows, in batches of text.
Reader = Callable[..., Iterable[pa.RecordBatch]]


def read(
    files: Sequence[Reader],
    data: DataSettings,
    columns: Sequence[str],
    *,
    as_text: Collection[str],
    padded: Counter[str],
) -> tuple[pd.DataFrame, list[int]]:
    """The columns, and the number of rows of each file. A column holds numbers only if it does so in all files.

    Args:
        as_text: columns whose numbers are kept as text.
        padded: counts the texts that had blanks around them, by column.
    """
    cells = {column: _Cells(data.missing, is_text=column in as_text) for column in columns}
    sizes = _read_cells(files, cells)
    # These columns began as numbers, whose text was not kept. This is rare, so the files are read again.
    again = {column: _Cells(data.missing, is_text=True) for column, each in cells.items() if each.lost_text}
    if again:
        _read_cells(files, again)
    cells |= again
    padded.update({column: each.padded for column, each in cells.items() if each.is_text})
    return pd.DataFrame({column: cells.pop(column).as_pandas() for column in columns}, copy=False), sizes


def _read_cells(files: Sequence[Reader], cells: dict[str, "_Cells"]) -> list[int]:
    sizes = []
    for batches in files:
        size = 0
        for batch in batches(columns=list(cells)):
            size += batch.num_rows
            for column, each in cells.items():
                each.append(batch.column(column))
        sizes.append(size)
    return sizes


class _Cells:
    """A column that arrives in batches of text, kept as numbers, which are smaller, while all cells are numbers.

    Numbers that may be codes, or that float64 does not hold exactly, stay text, for whoever decides what they are.
    """

    def __init__(self, missing: Sequence[str], *, is_text: bool) -> None:
        self._missing = missing
        self.is_text = is_text
        self._parts: list[np.ndarray | pa.Array] = []
        self._saw_numbers = False
        self.lost_text = False
        self.padded = 0

    def append(self, texts: pa.Array) -> None:
        texts, padded = read_texts(texts, self._missing)
        self.padded += padded
        if not self.is_text:
            numbers = _numbers(texts)
            if numbers is not None:
                self._saw_numbers |= texts.null_count < len(texts)
                self._parts.append(numbers)
                return
            self.is_text = True
            self.lost_text = self._saw_numbers
            self._parts = [pa.nulls(len(part), pa.string()) for part in self._parts]
        # A column that will be read again needs no text now.
        if not self.lost_text:
            self._parts.append(texts)

    def as_pandas(self) -> pd.Series:
        if self.is_text:
            texts = pa.chunked_array(self._parts, pa.string())
            return pd.Series(pd.array(texts, dtype="string[pyarrow]"), copy=False)
        return pd.Series(np.concatenate([*self._parts, np.empty(0)]), copy=False)


def _numbers(texts: pa.Array) -> np.ndarray | None:
    """Texts as float64; None if one is no number, or may be a code, or is longer than float64 is exact."""
    try:
        numbers = to_floats(texts)
    except pa.ArrowInvalid:
        return None
    if is_inexact(numbers) and has(texts, LONG):
        return None
    return None if has(texts, LEADING_ZERO) or has(texts, POWER) else numbers
