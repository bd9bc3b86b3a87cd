"""Columns whose file states their types, Parquet or JSON lines: nothing is guessed."""

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from evergreen.errors import InvalidData
from training.reading.cells import read_texts
from training.reading.number_format import EXACT, to_floats
from training.reading.unfit import TYPE, Reason, UnfitColumn


def column_of(
    cells_by_file: Sequence[tuple[str, pa.ChunkedArray]],
    column: str,
    *,
    as_text: bool,
    missing: Collection[str],
    padded: Counter[str],
) -> pd.Series:
    """A column as float64, a categorical of texts, or dates as ISO 8601 text.

    Whole numbers that float64 does not hold exactly are kept as text too, for whoever decides what they are.

    Args:
        cells_by_file: its cells in each file, with the file's name.
        as_text: whether numbers are kept as text, since they are labels or codes.
        missing: texts that mean a missing cell.
        padded: counts the texts that had blanks around them, by column.

    Raises:
        InvalidData: it has a type that no feature can have, or its type differs between files.
    """
    as_text = as_text or any(_is_inexact(cells) for _, cells in cells_by_file)
    parts: list[pa.ChunkedArray] = []
    kinds: dict[str, str] = {}
    for name, cells in cells_by_file:
        if types.is_dictionary(cells.type):
            cells = cells.cast(cells.type.value_type)
        kind = _kind(cells.type)
        if kind is None:
            raise UnfitColumn(
                f"{name}: column {column!r} is of type {cells.type}, which cannot be a feature; leave it out in "
                "model.toml, or turn it into numbers or text",
                reason=Reason(kind=TYPE, column=column),
            )
        kinds.setdefault(kind, name)
        if kind == "number" and not as_text:
            parts.append(pa.chunked_array([pa.array(to_floats(cells))]))
        else:
            texts, count = read_texts(texts_of_cells(cells), missing)
            padded[column] += count
            parts.append(texts)
    found = {kind: name for kind, name in kinds.items() if kind != "nothing"}
    if len(found) > 1:
        each = " and ".join(f"{kind} in {name}" for kind, name in found.items())
        raise InvalidData(f"column {column!r} is {each}; a column must be of one type in all files of a table")
    return _as_pandas(parts, next(iter(found), "nothing"), as_text=as_text)


def _is_inexact(cells: pa.ChunkedArray) -> bool:
    if types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    return types.is_integer(cells.type) and any(abs(end or 0) >= EXACT for end in pc.min_max(cells).as_py().values())


def _kind(kind: pa.DataType) -> str | None:
    """The kind of a column of this type; None if a feature cannot have the type."""
    if types.is_null(kind):
        return "nothing"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    if types.is_date(kind) or types.is_timestamp(kind):
        return "date"
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_boolean(kind):
        return "text"
    return None


def texts_of_cells(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cells of any plain type as text."""
    if types.is_floating(cells.type):
        # The same text that pandas writes to a CSV.
        written = [None if cell is None else repr(cell) for cell in cells.to_pylist()]
        return pa.chunked_array([pa.array(written, pa.large_string())])
    texts = cells.cast(pa.large_string())
    # Arrow writes fractions of a second even if they are 0.
    return pc.replace_substring_regex(texts, r"\.0+(Z?)$", r"\1") if types.is_timestamp(cells.type) else texts


def _as_pandas(parts: list[pa.ChunkedArray], kind: str, *, as_text: bool) -> pd.Series:
    if kind == "number" and not as_text:
        # The parts of a file in which the column is empty have Arrow's null type.
        return pd.Series(np.concatenate([to_floats(part) for part in parts]), copy=False)
    texts = pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.large_string())
    if kind == "date" or as_text:
        return pd.Series(pd.array(texts, dtype="string[pyarrow]"))
    return pc.dictionary_encode(texts).to_pandas()
