"""Reads Parquet files, a few columns at a time. The file states the type of each column, so none is guessed."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.errors import InvalidData
from training.reading.typed_columns import column_of

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


def read_all(path: Path, *, name: str) -> pa.Table:
    """All columns, in the types of the file.

    Raises:
        InvalidData: the file is damaged.
    """
    return _read(_open(path, name), header(path, name=name), name)


def rows(path: Path, *, name: str) -> int:
    """The number of rows in the file."""
    return int(_open(path, name).metadata.num_rows)


def read(
    files: Sequence[tuple[str, Path]],
    columns: Sequence[str],
    *,
    as_text: Collection[str],
    missing: Collection[str],
    padded: Counter[str],
) -> pd.DataFrame:
    """Columns of all files, as typed_columns makes them.

    Args:
        files: name and path of each.
        as_text: columns whose numbers are kept as text, since they are labels or codes.
        missing: texts that mean a missing cell.
        padded: counts the texts that had blanks around them, by column.

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
            cells = [(name, part.column(column)) for name, part in parts]
            read[column] = column_of(cells, column, as_text=column in as_text, missing=missing, padded=padded)
    return pd.DataFrame(read, copy=False)


def _read(file: pq.ParquetFile, columns: list[str], name: str) -> pa.Table:
    try:
        return file.read(columns=columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _open(path: Path, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> InvalidData:
    return InvalidData(f"{name} begins like Parquet but cannot be read: {error}")
