"""The type of a column: numbers, or the texts of a category. A message names the line of a cell that does not fit."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evergreen.errors import InvalidData
from evergreen.number_text import counted, number
from training.reading.source import Source

# scikit-learn's histogram gradient boosting accepts at most this many categories in one column.
MAX_CATEGORIES = 255
_NUMBER = r"(?i)^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity)$"
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
# 2024-01, 2024-01-31, 2024/1/31 10:15, 31.01.2024, 1/31/24, 31 Jan 2024, Jan 31, 2024
_DATE = (
    r"(?i)^\s*(?:(?:19|20)[0-9]{2}[-/.](?:0?[1-9]|1[0-2])(?:[-/.](?:0?[1-9]|[12][0-9]|3[01]))?"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[-/.](?:0?[1-9]|[12][0-9]|3[01])[-/.](?:19|20)?[0-9]{2}"
    rf"|(?:0?[1-9]|[12][0-9]|3[01])[- ]{_MONTH}[- ,]+(?:19|20)?[0-9]{{2}}"
    rf"|{_MONTH}\.? (?:0?[1-9]|[12][0-9]|3[01]),? (?:19|20)[0-9]{{2}})(?:[T ].*)?$"
)


def require_columns(names: Iterable[str], *, source: Source) -> None:
    """Check that the table has the columns that model.toml names.

    Raises:
        InvalidData: a column is not in the table.
    """
    present = set(source.columns)
    missing = [name for name in names if name not in present]
    if missing:
        raise InvalidData(
            f"{source.name} has no column {', '.join(map(repr, missing))}, which model.toml names; "
            f"it has: {', '.join(source.columns)}"
        )


def parse_numbers(texts: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Texts as float64, correctly rounded, and a mask of those that are numbers. The others are NaN."""
    trimmed = pc.utf8_trim_whitespace(texts)
    known = pc.match_substring_regex(trimmed, _NUMBER)
    cells = pc.if_else(known, trimmed, pa.scalar(None, texts.type))
    return to_floats(cells), pc.fill_null(known, False).to_numpy(zero_copy_only=False)


def to_floats(cells: pa.ChunkedArray) -> np.ndarray:
    """Arrow numbers, or texts that are numbers, as float64; missing cells as NaN."""
    return np.asarray(pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype="float64")


def is_number(column: pd.Series) -> bool:
    """Whether pandas holds the column as numbers."""
    return column.dtype != object and column.dtype.kind in "iuf"


def numbers(column: pd.Series, *, source: Source) -> pd.Series:
    """A column as float64, missing cells as NaN.

    Raises:
        InvalidData: a cell is not a finite number.
    """
    if is_number(column):
        values = column.to_numpy(dtype="float64")
        wrong = np.isinf(values)
    else:
        values = parse_numbers(_texts(column))[0]
        wrong = column.notna().to_numpy() & ~np.isfinite(values)
    if wrong.any():
        row = int(wrong.argmax())
        raise InvalidData(
            f"{source.place(column.index[row])}: column {column.name!r} has {_shown(column.iloc[row])} where a number "
            f"belongs ({counted(int(wrong.sum()), 'such row')}). "
            "Correct the rows, or leave the column out in model.toml"
        )
    return pd.Series(values, index=column.index, name=column.name, copy=False)


def typed(column: pd.Series, *, source: Source) -> pd.Series:
    """A column as float64 if it holds numbers, else as text with None for missing cells.

    A column of text in which most cells are numbers is read as numbers with mistakes, not as a category. A column that
    its file types as text (a categorical in pandas) stays text.

    Raises:
        InvalidData: the column is empty, holds dates, mostly but not only numbers, or too many texts for a category.
    """
    where = f"{source.name}: column {column.name!r}"
    present = int(column.notna().to_numpy().sum())
    if not present:
        raise InvalidData(f"{where} is empty; leave it out in model.toml")
    if is_number(column):
        return numbers(column, source=source)
    texts = _texts(column)
    if column.dtype != "category" and parse_numbers(texts)[1].sum() / present > 0.5:
        return numbers(column, source=source)
    distinct = pc.unique(texts).drop_null()
    if pc.mean(pc.match_substring_regex(distinct, _DATE)).as_py() > 0.5:
        raise InvalidData(
            f"{where} holds dates, such as {distinct[0].as_py()!r}: dates as text cannot be a feature. Leave it out "
            "in model.toml ([split] by may still name it), or turn it into numbers: year, month, days since"
        )
    if len(distinct) > MAX_CATEGORIES:
        raise InvalidData(
            f"{where} has {number(len(distinct))} different texts, a category may have {MAX_CATEGORIES}; "
            "leave it out in model.toml"
        )
    return as_objects(texts, column)


def labels(column: pd.Series) -> pd.Series:
    """The target of a classification as text, with None for missing cells; a whole number has no decimals."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        distinct = {
            value: str(int(value)) if value == int(value) else repr(value) for value in column.dropna().unique()
        }
        return column.map(distinct).astype(object).where(column.notna(), None)
    return as_objects(_texts(column), column)


def as_objects(texts: pa.ChunkedArray, like: pd.Series) -> pd.Series:
    """Texts as Python objects, with the index and name of the column `like`; equal texts are the same object."""
    encoded = pc.dictionary_encode(texts).combine_chunks()
    distinct = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    codes = pc.fill_null(encoded.indices, len(distinct) - 1).to_numpy(zero_copy_only=False)
    return pd.Series(distinct[codes], index=like.index, name=like.name, dtype=object)


def _texts(column: pd.Series) -> pa.ChunkedArray:
    """A pandas column that does not hold numbers, as Arrow texts."""
    array = pa.array(column, from_pandas=True)
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    return chunked.cast(pa.large_string())


def _shown(cell: object) -> str:
    return number(cell) if isinstance(cell, float) else repr(cell)
