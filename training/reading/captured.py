"""Rows of a table that were captured: they are added below the others, whatever format those have."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from evergreen.errors import InvalidData
from training.collecting.month_files import PREDICTION_ID
from training.reading.columns import is_number, texts_of
from training.reading.dates import written_like
from training.reading.number_format import NumberFormat
from training.reading.source import Source


def append(
    frame: pd.DataFrame, source: Source, files: Sequence[tuple[str, Path]], *, end: int
) -> tuple[pd.DataFrame, Source]:
    """The rows of a table with captured ones below them, and PREDICTION_ID, which tells these from the others.

    A column that callers do not send is missing in captured rows.

    Args:
        files: name and path of each.
        end: the position after the table's last row.

    Raises:
        InvalidData: a captured column is none of the table's.
    """
    tables = [pq.read_table(path).to_pandas() for _, path in files]
    captured = pd.concat(tables, ignore_index=True)
    unknown = [name for name in captured if name != PREDICTION_ID and name not in source.columns]
    if unknown:
        raise InvalidData(
            f"{files[0][0]} has the column {unknown[0]!r}, which {source.files[0]} lacks: the champion was trained on "
            "another table. Move the captured rows away, or name its column as before"
        )
    captured.index = pd.RangeIndex(end, end + len(captured))
    columns = {name: _below(column, captured.get(name), captured.index, source) for name, column in frame.items()}
    ids = pd.Series(None, index=frame.index, dtype="string[pyarrow]")
    columns[PREDICTION_ID] = pd.concat([ids, captured[PREDICTION_ID].astype("string[pyarrow]")])
    source = replace(
        source,
        files=(*source.files, *(name for name, _ in files)),
        starts=(*source.starts, *accumulate(map(len, tables[:-1]), initial=end)),
        captured=True,
    )
    return pd.DataFrame(columns, copy=False), source


def _below(column: pd.Series, captured: pd.Series | None, index: pd.Index, source: Source) -> pd.Series:
    """A column with captured cells below it, in its own type."""
    if captured is None:
        missing = float("nan") if is_number(column) else None
        captured = pd.Series(missing, index=index, dtype="float64" if is_number(column) else "string[pyarrow]")
    if is_number(column) == is_number(captured):
        both = [column, captured]
    elif is_number(column) and captured.isna().all():
        both = [column, captured.astype("float64")]
    else:
        # A table of texts reads its numbers from them, in its own way of writing.
        both = [_texts(each, source.numbers) if is_number(each) else each for each in (column, captured)]
    if not is_number(both[0]):
        both = [each.astype("string[pyarrow]") for each in both]
        if source.dates:
            written = written_like(texts_of(both[1]).to_pylist(), texts_of(both[0]), source.dates)
            both[1] = pd.Series(written, index=index, dtype="string[pyarrow]")
    return pd.concat(both).rename(column.name)


def _texts(column: pd.Series, numbers: NumberFormat) -> pd.Series:
    texts = [None if pd.isna(value) else repr(value).removesuffix(".0") for value in column.tolist()]
    written = [None if text is None else text.replace(".", numbers.decimal) for text in texts]
    return pd.Series(written, index=column.index, dtype="string[pyarrow]")
