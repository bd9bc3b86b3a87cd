"""Reads JSON lines: an object a line, whose names are the columns."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

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
