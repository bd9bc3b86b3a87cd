"""Reads JSON lines: an object a line, whose names are the columns."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.json as arrow_json

from evergreen.errors import InvalidData
from training.reading.compression import open_unpacked
from training.reading.typed_columns import column_of

# Bytes that are parsed together; a line must fit in.
_BLOCK = 16 << 20


def is_json_lines(path: Path, *, name: str) -> bool:
    """Whether the file begins with an object."""
    with open_unpacked(path, name=name) as stream:
        return stream.read(1024).lstrip().startswith(b"{")


def read_all(path: Path, *, name: str) -> pa.Table:
    """
    Raises:
        InvalidData: a line is no JSON object, or a column has values of several types.
    """
    options = arrow_json.ReadOptions(block_size=_BLOCK)
    try:
        with open_unpacked(path, name=name) as stream:
            return arrow_json.read_json(stream, read_options=options)
    except pa.ArrowException as error:
        raise InvalidData(f"{name} cannot be read as JSON lines: {str(error).strip()}") from error


def read_cells(path: Path, *, name: str) -> pa.Table:
    """As `read_all`, but if a column has values of several types, then all of them are the texts that a CSV would have.

    Raises:
        InvalidData: a line is no JSON object.
    """
    try:
        return read_all(path, name=name)
    except InvalidData as error:
        if "changed from" not in str(error):
            raise
    with open_unpacked(path, name=name) as stream:
        objects = [_object(line, f"{name} line {number}") for number, line in enumerate(stream, 1) if line.strip()]
    names = dict.fromkeys(key for each in objects for key in each)
    return pa.table({key: pa.array([_text(each.get(key)) for each in objects], pa.string()) for key in names})


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        # Numbers keep the text that they have.
        value = json.loads(line, parse_int=str, parse_float=str)
    except ValueError as error:
        raise InvalidData(f"{where} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidData(f"{where} is no JSON object")
    return value


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def columns(
    tables: Sequence[tuple[str, pa.Table]],
    wanted: Sequence[str],
    *,
    as_text: Collection[str],
    missing: Collection[str],
    padded: Counter[str],
) -> pd.DataFrame:
    """Columns of all files, as typed_columns makes them.

    Args:
        tables: what `read_all` returned for each file, with the file's name.
        as_text: columns whose numbers are kept as text, since they are labels or codes.
        missing: texts that mean a missing cell.
        padded: counts the texts that had blanks around them, by column.
    """
    read = {}
    for name in wanted:
        cells = [(file, table.column(name)) for file, table in tables]
        read[name] = column_of(cells, name, as_text=name in as_text, missing=missing, padded=padded)
    return pd.DataFrame(read, copy=False)
