"""Reads a table from one or more files with the same columns. Content tells their format."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from evergreen.contract.feature import NUMBER
from evergreen.errors import InvalidData
from evergreen.metrics import CLASSIFICATION
from evergreen.settings.sections import DataSettings, ModelSettings
from evergreen.versions.data_version import DataFile, DataVersion, md5_of
from training.collecting.month_files import is_captured
from training.reading import csv_file, excel_file, json_file, parquet_file, text_columns
from training.reading.captured import append
from training.reading.columns import require_columns
from training.reading.number_format import NumberFormat
from training.reading.source import Source
from training.reading.stored_features import StoredFeatures

File = tuple[str, Path]
CSV, EXCEL, JSON_LINES, PARQUET = "CSV", "Excel", "JSON lines", "Parquet"
# How rows are counted in a message, and the number of the first one.
_COUNTED = {CSV: ("line", 2), EXCEL: ("row", 2), JSON_LINES: ("line", 1), PARQUET: ("row", 1)}


def header(path: Path, data: DataSettings) -> list[str]:
    """The columns of one file.

    Raises:
        InvalidData: the file is no table, is empty, or names a column twice.
    """
    return _header((path.name, path), data)


def read_table(path: Path, data: DataSettings | None = None) -> pd.DataFrame:
    """All columns of one file: as float64 if every cell is a number, else as text. Missing cells stay missing.

    The index counts lines, including empty ones: in a CSV or a sheet, a row is on line index + 2.

    Raises:
        InvalidData: the file is not a table, or has no rows.
    """
    return _read([(path.name, path)], data or DataSettings(path=path.name, target=""), name=path.name).frame


def read_cells(path: Path, data: DataSettings) -> tuple[pa.Table, Source]:
    """All cells of one file before anything is made of them: those of CSV and Excel as text, others in their types.

    Raises:
        InvalidData: the file is not a table, or names a column twice.
    """
    file = path.name, path
    form = format_of(file)
    if form == JSON_LINES:
        table = json_file.read_cells(path, name=path.name)
        return table, _source(path.name, table.column_names, (path.name,), form, data)
    if form == EXCEL:
        table = excel_file.read_all(path, name=path.name, data=data)
        return table, _source(path.name, _unique(table.column_names, name=path.name), (path.name,), form, data)
    columns = _header(file, data)
    if form == PARQUET:
        table = parquet_file.read_all(path, name=path.name)
    else:
        table = csv_file.read_all(path, name=path.name, data=data)
    return table, _source(path.name, columns, (path.name,), form, data)


def own_files(version: DataVersion, *, name: str) -> tuple[DataFile, ...]:
    """The files of a table without those of captured rows.

    Raises:
        InvalidData: there are none.
    """
    own = tuple(file for file in version.files if not is_captured(file.path))
    if not own:
        raise InvalidData(f"{name} has captured rows only: the table itself is missing")
    return own


def read_version(
    version: DataVersion, settings: ModelSettings, stored: StoredFeatures | None = None
) -> tuple[pd.DataFrame, Source]:
    """The columns of a version that a training needs, without those in leave_out, and the source of the rows.

    Captured rows come last.

    Args:
        stored: what a feature store gives to the table's own rows. Captured rows have what they were predicted with.

    Raises:
        InvalidFeatures: the feature store cannot give it.
        InvalidData: a file is not a table, its columns differ from those of the first file, it lacks a column that
            model.toml names, or it has changed since the version was named.
    """
    data = settings.data
    own = own_files(version, name=data.path)
    known = set(own)
    captured = [(file.name, file.path) for file in version.files if file not in known]
    read = _read(
        [(file.name, file.path) for file in own],
        data,
        name=data.path,
        named=[name for name in settings.named_columns() if not stored or name not in stored.names],
        unread=settings.unread - (stored.needed(settings) if stored else set()),
        as_text={
            *([data.target] if settings.task == CLASSIFICATION else []),
            *(column for column, kind in settings.columns.items() if kind != NUMBER),
        },
    )
    for file in version.files:
        if md5_of(file.path) != file.md5:
            raise InvalidData(f"{file.name} changed while it was read; try again when nothing writes to it")
    frame, source = stored.join(read.frame, read.source, settings) if stored else (read.frame, read.source)
    return append(frame, source, captured, end=read.end) if captured else (frame, source)


class _Read(NamedTuple):
    """A table as it was read, and the position after its last row."""

    frame: pd.DataFrame
    source: Source
    end: int


def _read(
    files: Sequence[File],
    data: DataSettings,
    *,
    name: str,
    named: Sequence[str] = (),
    unread: Collection[str] = (),
    as_text: Collection[str] = (),
) -> _Read:
    form = _one_format(files, name)
    tables = [_read_whole(file, form, data) for file in files] if form in (JSON_LINES, EXCEL) else []
    if tables:
        headers = [_unique(table.column_names, name=file) for (file, _), table in zip(files, tables, strict=True)]
    else:
        headers = [_header(file, data) for file in files]
    columns = _same_columns([file for file, _ in files], headers)
    source = _source(name, columns, [file for file, _ in files], form, data)
    require_columns(named, source=source)
    wanted = [column for column in columns if column not in unread]
    if form == PARQUET:
        frame = parquet_file.read(files, wanted, as_text=as_text, missing=data.missing, padded=source.padded)
        sizes = [parquet_file.rows(path, name=file) for file, path in files]
    elif form == JSON_LINES:
        named_tables = [(file, table) for (file, _), table in zip(files, tables, strict=True)]
        frame = json_file.columns(named_tables, wanted, as_text=as_text, missing=data.missing, padded=source.padded)
        sizes = [table.num_rows for table in tables]
    else:
        readers: list[text_columns.Reader]
        if form == EXCEL:
            readers = [partial(_batches, table) for table in tables]
        else:
            readers = [
                partial(csv_file.batches, path, name=file, header=header, data=data)
                for (file, path), header in zip(files, headers, strict=True)
            ]
        frame, sizes = text_columns.read(
            readers, data, wanted, as_text=as_text if source.numbers.usual else wanted, padded=source.padded
        )
    # Arrow's allocator would keep the memory of the texts.
    pa.default_memory_pool().release_unused()
    frame = _without_empty_rows(frame)
    if frame.empty:
        raise InvalidData(f"{name} has {'a header line' if form == CSV else 'columns'} but no rows")
    starts = tuple(accumulate(sizes[:-1], initial=0))
    return _Read(frame, dataclasses.replace(source, starts=starts), sum(sizes))


def _source(name: str, columns: Sequence[str], files: Sequence[str], form: str, data: DataSettings) -> Source:
    unit, first = _COUNTED[form]
    format_ = NumberFormat(decimal=data.decimal, thousands=data.thousands)
    return Source(
        name=name,
        columns=tuple(columns),
        files=tuple(files),
        starts=(0,),
        unit=unit,
        first=first,
        numbers=format_,
        dates=tuple(data.date_formats),
    )


def _header(file: File, data: DataSettings) -> list[str]:
    name, path = file
    form = format_of(file)
    if form == PARQUET:
        columns = parquet_file.header(path, name=name)
    elif form in (JSON_LINES, EXCEL):
        columns = _read_whole(file, form, data).column_names
    else:
        columns = csv_file.header(path, name=name, data=data)
    return _unique(columns, name=name)


def _read_whole(file: File, form: str, data: DataSettings) -> pa.Table:
    """All cells of a file of which only the whole tells the names of the columns."""
    name, path = file
    if form == EXCEL:
        return excel_file.read_all(path, name=name, data=data)
    return json_file.read_all(path, name=name)


def _batches(table: pa.Table, *, columns: Collection[str]) -> list[pa.RecordBatch]:
    return table.select(list(columns)).to_batches()


def _unique(columns: list[str], *, name: str) -> list[str]:
    """The columns of a file, if no two have the same name."""
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise InvalidData(f"{name} has more than one column {', '.join(map(repr, twice))}; each needs its own name")
    return columns


def format_of(file: File) -> str:
    name, path = file
    with path.open("rb") as stream:
        if stream.read(len(parquet_file.MAGIC)) == parquet_file.MAGIC:
            return PARQUET
    if excel_file.is_excel(path):
        return EXCEL
    return JSON_LINES if json_file.is_json_lines(path, name=name) else CSV


def _one_format(files: Sequence[File], table: str) -> str:
    first = format_of(files[0])
    for file in files[1:]:
        if (other := format_of(file)) != first:
            raise InvalidData(
                f"{table}: {files[0][0]} is {first} and {file[0]} {other}; all files must be of one format"
            )
    return first


def _same_columns(files: Sequence[str], headers: Sequence[list[str]]) -> list[str]:
    """The first file's columns, if all other files have the same columns in any order."""
    columns = headers[0]
    for file, other in zip(files[1:], headers[1:], strict=True):
        if set(other) != set(columns):
            lacks = [repr(column) for column in columns if column not in other]
            more = [repr(column) for column in other if column not in columns]
            parts = [f"lacks {', '.join(lacks)}"] * bool(lacks) + [f"also has {', '.join(more)}"] * bool(more)
            raise InvalidData(
                f"{file} {' and '.join(parts)}, unlike {files[0]}; all files of a table must have the same columns"
            )
    return columns


def _without_empty_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without rows in which every cell is missing, such as empty lines. The other rows keep their index."""
    empty = np.ones(len(frame), dtype=bool)
    for _, column in frame.items():
        empty &= column.isna().to_numpy()
        if not empty.any():
            return frame
    return frame[~empty]
