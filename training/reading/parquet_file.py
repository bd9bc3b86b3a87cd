"""Reads Parquet files, a few columns at a time. The file states the type of each column, so none is guessed."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types

from evergreen.errors import InvalidData
from training.reading.columns import to_floats

MAGIC = b"PAR1"
# pandas' name for an index without a name; it is not a column of the table.
_INDEX = re.compile(r"__index_level_[0-9]+__")
# The columns are read in this many steps.
_STEPS = 40


def header(path: Path, *, name: str) -> list[str]:
    """The names of the columns.

    Raises:
        InvalidData: the file is damaged.
    """
    return [column for column in _open(path, name).schema_arrow.names if not _INDEX.fullmatch(column)]


def rows(path: Path, *, name: str) -> int:
    """The number of rows in the file."""
    return int(_open(path, name).metadata.num_rows)


def read(files: Sequence[tuple[str, Path]], columns: Sequence[str], *, as_text: Collection[str]) -> pd.DataFrame:
    """Columns of all files: float64, a categorical of texts, or dates as ISO 8601 text.

    Args:
        files: name and path of each.
        as_text: columns whose numbers are kept as text, since they are labels.

    Raises:
        InvalidData: a file is damaged, a column has a type that no feature can have, or its type differs between files.
    """
    opened = [(name, _open(path, name)) for name, path in files]
    # In steps, so that Arrow and pandas never both hold the whole table. Column by column is slow for a wide table.
    step = -(-len(columns) // _STEPS)
    read: dict[str, pd.Series] = {}
    for start in range(0, len(columns), step):
        some = list(columns[start : start + step])
        parts = [(name, _read(file, some, name)) for name, file in opened]
        for column in some:
            read[column] = _column([(name, part.column(column)) for name, part in parts], column, column in as_text)
    return pd.DataFrame(read, copy=False)


def _read(file: pq.ParquetFile, columns: list[str], name: str) -> pa.Table:
    try:
        return file.read(columns=columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _column(cells_by_file: Sequence[tuple[str, pa.ChunkedArray]], column: str, as_text: bool) -> pd.Series:
    parts: list[pa.ChunkedArray] = []
    kinds: dict[str, str] = {}
    for name, cells in cells_by_file:
        if types.is_dictionary(cells.type):
            cells = cells.cast(cells.type.value_type)
        kind = _kind(cells.type)
        if kind is None:
            raise InvalidData(
                f"{name}: column {column!r} is of type {cells.type}, which cannot be a feature; leave it out in "
                "model.toml, or turn it into numbers or text"
            )
        kinds.setdefault(kind, name)
        parts.append(_texts(cells) if as_text or kind != "number" else pa.chunked_array([pa.array(to_floats(cells))]))
    found = {kind: name for kind, name in kinds.items() if kind != "nothing"}
    if len(found) > 1:
        each = " and ".join(f"{kind} in {name}" for kind, name in found.items())
        raise InvalidData(f"column {column!r} is {each}; a column must be of one type in all files of a table")
    return _as_pandas(parts, next(iter(found), "nothing"), as_text=as_text)


def _open(path: Path, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> InvalidData:
    return InvalidData(f"{name} begins like Parquet but cannot be read: {error}")


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


def _texts(cells: pa.ChunkedArray) -> pa.ChunkedArray:
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
