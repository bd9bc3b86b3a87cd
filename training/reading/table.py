"""Reads a table from one or more files with the same columns. Content tells CSV and Parquet apart."""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evergreen.errors import InvalidData
from evergreen.metrics import CLASSIFICATION
from evergreen.settings.sections import ModelSettings
from evergreen.versions.data_version import DataVersion, md5_of
from training.reading import csv_file, parquet_file
from training.reading.columns import require_columns, to_floats
from training.reading.source import Source

File = tuple[str, Path]


def header(path: Path) -> list[str]:
    """The columns of one file.

    Raises:
        InvalidData: the file is neither CSV nor Parquet, is empty, or names a column twice.
    """
    return _header((path.name, path))


def read_table(path: Path) -> pd.DataFrame:
    """All columns of one file: as float64 if every cell is a number, else as text. Missing cells stay missing.

    The index counts lines, including empty ones: in a CSV, a row is on line index + 2.

    Raises:
        InvalidData: the file is not a table, or has no rows.
    """
    return _read([(path.name, path)], name=path.name)[0]


def read_version(version: DataVersion, settings: ModelSettings) -> tuple[pd.DataFrame, Source]:
    """The columns of a version that a training needs, without those in leave_out, and the source of the rows.

    Raises:
        InvalidData: a file is not a table, its columns differ from those of the first file, it lacks a column that
            model.toml names, or it has changed since the version was named.
    """
    data = settings.data
    read = _read(
        [(file.name, file.path) for file in version.files],
        name=settings.data.path,
        named=settings.columns(),
        # The split needs its column even if the model does not use it.
        unread=set(data.leave_out) - {settings.split.by, settings.group},
        as_text={data.target} if settings.task == CLASSIFICATION else (),
    )
    for file in version.files:
        if md5_of(file.path) != file.md5:
            raise InvalidData(f"{file.name} changed while it was read; try again when nothing writes to it")
    return read


def _read(
    files: Sequence[File],
    *,
    name: str,
    named: Sequence[str] = (),
    unread: Collection[str] = (),
    as_text: Collection[str] = (),
) -> tuple[pd.DataFrame, Source]:
    parquet = _is_parquet(files[0][1])
    for file, path in files:
        if _is_parquet(path) != parquet:
            form, other = ("Parquet", "not") if parquet else ("not Parquet", "is")
            raise InvalidData(f"{name}: {files[0][0]} is {form} and {file} {other}; all files must be of one format")
    columns = _same_columns(files)
    unit, first = ("row", 1) if parquet else ("line", 2)
    names = tuple(file for file, _ in files)
    source = Source(name=name, columns=tuple(columns), files=names, starts=(0,), unit=unit, first=first)
    require_columns(named, source=source)
    wanted = [column for column in columns if column not in unread]
    if parquet:
        frame = parquet_file.read(files, wanted, as_text=as_text)
        sizes = [parquet_file.rows(path, name=file) for file, path in files]
    else:
        frame, sizes = _read_csv(files, wanted, as_text)
    # Arrow's allocator would keep the memory of the texts.
    pa.default_memory_pool().release_unused()
    frame = _without_empty_rows(frame)
    if frame.empty:
        raise InvalidData(f"{name} has {'columns' if parquet else 'a header line'} but no rows")
    starts = tuple(accumulate(sizes[:-1], initial=0))
    return frame, Source(name=name, columns=source.columns, files=names, starts=starts, unit=unit, first=first)


def _header(file: File) -> list[str]:
    name, path = file
    read = parquet_file.header if _is_parquet(path) else csv_file.header
    columns = read(path, name=name)
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise InvalidData(f"{name} has more than one column {', '.join(map(repr, twice))}; each needs its own name")
    return columns


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(parquet_file.MAGIC)) == parquet_file.MAGIC


def _same_columns(files: Sequence[File]) -> list[str]:
    """The first file's columns, if all other files have the same columns in any order."""
    columns = _header(files[0])
    for file in files[1:]:
        other = _header(file)
        if set(other) != set(columns):
            lacks = [repr(column) for column in columns if column not in other]
            more = [repr(column) for column in other if column not in columns]
            parts = [f"lacks {', '.join(lacks)}"] * bool(lacks) + [f"also has {', '.join(more)}"] * bool(more)
            raise InvalidData(
                f"{file[0]} {' and '.join(parts)}, unlike {files[0][0]}; "
                "all files of a table must have the same columns"
            )
    return columns


def _read_csv(
    files: Sequence[File], columns: Sequence[str], as_text: Collection[str]
) -> tuple[pd.DataFrame, list[int]]:
    """The columns, and the number of rows of each file. A column holds numbers only if it does so in all files."""
    cells = {column: _Cells(is_text=column in as_text) for column in columns}
    sizes = _read_cells(files, cells)
    # These columns began as numbers, whose text was not kept. This is rare, so the files are read again.
    again = {column: _Cells(is_text=True) for column, each in cells.items() if each.lost_text}
    if again:
        _read_cells(files, again)
    cells |= again
    return pd.DataFrame({column: cells.pop(column).as_pandas() for column in columns}, copy=False), sizes


def _read_cells(files: Sequence[File], cells: dict[str, "_Cells"]) -> list[int]:
    sizes = []
    for name, path in files:
        size = 0
        for batch in csv_file.batches(path, name=name, header=_header((name, path)), columns=list(cells)):
            size += batch.num_rows
            for column, each in cells.items():
                each.append(batch.column(column))
        sizes.append(size)
    return sizes


class _Cells:
    """A column that arrives in batches of text, kept as numbers, which are smaller, while all cells are numbers."""

    def __init__(self, *, is_text: bool) -> None:
        self._is_text = is_text
        self._parts: list[np.ndarray | pa.Array] = []
        self._saw_numbers = False
        self.lost_text = False

    def append(self, texts: pa.Array) -> None:
        if not self._is_text:
            try:
                numbers = to_floats(pc.utf8_trim_whitespace(texts))
            except pa.ArrowInvalid:
                self._is_text = True
                self.lost_text = self._saw_numbers
                self._parts = [pa.nulls(len(part), pa.string()) for part in self._parts]
            else:
                self._saw_numbers |= texts.null_count < len(texts)
                self._parts.append(numbers)
                return
        # A column that will be read again needs no text now.
        if not self.lost_text:
            self._parts.append(texts)

    def as_pandas(self) -> pd.Series:
        if self._is_text:
            texts = pa.chunked_array(self._parts, pa.string())
            return pd.Series(pd.array(texts, dtype="string[pyarrow]"), copy=False)
        return pd.Series(np.concatenate([*self._parts, np.empty(0)]), copy=False)


def _without_empty_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without rows in which every cell is missing, such as empty lines. The other rows keep their index."""
    empty = np.ones(len(frame), dtype=bool)
    for _, column in frame.items():
        empty &= column.isna().to_numpy()
        if not empty.any():
            return frame
    return frame[~empty]
