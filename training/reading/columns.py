"""The type of a column: numbers, or the texts of a category. A message names the line of a cell that does not fit."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evergreen.contract.cells import BOOLEANS, label
from evergreen.contract.contract import NUMBER
from evergreen.errors import InvalidData
from evergreen.number_text import counted, number
from evergreen.settings.toml_text import key, text
from training.reading.categories import require_category
from training.reading.number_format import LEADING_ZERO, LONG, POWER, first, has, units
from training.reading.source import Source
from training.reading.unfit import (
    CODES_OR_NUMBERS,
    DATES,
    EMPTY,
    LONG_NUMBERS,
    MISSING_MARKS,
    NOT_NUMBERS,
    OTHER_FORMAT,
    UNITS,
    Reason,
    UnfitColumn,
)

# Texts that people write for a missing value, and how many different ones a column may have of them.
_MARK = re.compile(r"(?i)[-\u2013\u2014?*.#_/x]{1,4}|n\.?a\.?|n/a|none|null|nil|missing|unknown|unk|not available")
_MOST_MARKS = 3
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


def is_number(column: pd.Series) -> bool:
    """Whether pandas holds the column as numbers."""
    return column.dtype != object and column.dtype.kind in "iuf"


def numbers(column: pd.Series, *, source: Source) -> pd.Series:
    """A column as float64, missing cells as NaN.

    Raises:
        UnfitColumn: a cell is not a finite number, or numbers have different units.
    """
    values, wrong = parsed(column, source=source)
    if wrong.any():
        row = int(np.argmax(wrong))
        wrong_texts = [] if is_number(column) else pc.unique(texts_of(column).filter(pa.array(wrong))).to_pylist()
        marks = tuple(wrong_texts) if _are_marks(wrong_texts) else ()
        raise UnfitColumn(
            f"{source.place(column.index[row])}: column {column.name!r} has {_shown(column.iloc[row])} where a number "
            f"belongs ({counted(int(wrong.sum()), 'such row')}). {_remedy(str(column.name), marks)}",
            reason=Reason(kind=MISSING_MARKS if marks else NOT_NUMBERS, column=str(column.name), marks=marks),
        )
    return pd.Series(values, index=column.index, name=column.name, copy=False)


def parsed(column: pd.Series, *, source: Source) -> tuple[np.ndarray, np.ndarray]:
    """A column as float64, missing cells as NaN, and a mask of the cells that are no finite number.

    Raises:
        UnfitColumn: numbers have different units.
    """
    if is_number(column):
        values = column.to_numpy(dtype="float64")
        return values, np.isinf(values)
    texts = texts_of(column)
    values, known = source.numbers.parse(texts)
    _check_units(texts, known, column, source)
    return values, column.notna().to_numpy() & ~np.isfinite(values)


def _are_marks(texts: Sequence[str]) -> bool:
    return 0 < len(texts) <= _MOST_MARKS and all(map(_MARK.fullmatch, texts))


def _remedy(name: str, marks: Sequence[str]) -> str:
    if marks:
        texts = ", ".join(map(text, marks))
        return f"If that means a missing value, add {texts} to [data] missing in model.toml; else correct the rows"
    return (
        "Correct the rows, or leave the column out in model.toml; if they are codes, "
        f'[columns] {key(name)} = "category"'
    )


def _check_units(texts: pa.ChunkedArray, known: np.ndarray, column: pd.Series, source: Source) -> None:
    found = sorted(units(texts, known))
    if len(found) > 1:
        each = " and ".join(repr(unit) if unit else "none" for unit in found)
        raise UnfitColumn(
            f"{source.name}: column {column.name!r} has numbers of different units: {each}. Write all of them in one, "
            "without its sign",
            reason=Reason(kind=UNITS, column=str(column.name)),
        )


def typed(column: pd.Series, *, source: Source, kind: str | None = None) -> pd.Series:
    """A column as float64 if it holds numbers, else as text with None for missing cells.

    A column of text in which most cells are numbers is read as numbers with mistakes, not as a category. A column that
    its file types as text (a categorical in pandas) stays text.

    Args:
        kind: "number" or "category", if model.toml says which.

    Raises:
        UnfitColumn: the column is empty, holds dates, identifiers or free text, mostly but not only numbers, or texts
            that may be numbers or codes.
    """
    where, name = f"{source.name}: column {column.name!r}", str(column.name)
    present = int(column.notna().to_numpy().sum())
    if not present:
        raise UnfitColumn(f"{where} is empty; leave it out in model.toml", reason=Reason(kind=EMPTY, column=name))
    if is_number(column) or kind == NUMBER:
        return numbers(column, source=source)
    texts = texts_of(column)
    found = pc.value_counts(texts.drop_null())
    distinct, rows = found.field("values"), found.field("counts").to_numpy()
    if kind is None and column.dtype != "category" and _are_numbers(distinct, rows, name, source):
        return numbers(column, source=source)
    if pc.mean(pc.match_substring_regex(distinct, _DATE)).as_py() > 0.5:
        raise UnfitColumn(
            f"{where} holds dates, such as {distinct[0].as_py()!r}: dates as text cannot be a feature. Leave it out "
            "in model.toml ([split] by may still name it), or turn it into numbers: year, month, days since",
            reason=Reason(kind=DATES, column=name),
        )
    if kind is None and (hint := source.numbers.hint(distinct)):
        raise UnfitColumn(
            f"{where} holds numbers of another format, such as {distinct[0].as_py()!r}: set [data] {hint.lines} in "
            "model.toml",
            reason=Reason(kind=OTHER_FORMAT, column=name, numbers=hint),
        )
    if kind is None:
        require_category(distinct, rows, name=name, source=source)
    return as_objects(as_booleans(texts), column)


def _are_numbers(distinct: pa.Array, rows: np.ndarray, name: str, source: Source) -> bool:
    """Whether texts are numbers, some of them perhaps mistaken, rather than codes.

    Args:
        rows: how many have each of the texts.

    Raises:
        UnfitColumn: they may be either.
    """
    where = f"{source.name}: column {name!r}"
    values, known = source.numbers.parse(distinct)
    if not known.any():
        return False
    others = distinct.filter(pa.array(~known)).to_pylist()
    mostly = rows[known].sum() / rows.sum() > 0.5
    if not mostly and others and not _are_marks(others):
        return False
    if has(distinct, LEADING_ZERO):
        return False
    finite = distinct.filter(pa.array(np.isfinite(values)))
    if has(finite, POWER):
        raise UnfitColumn(
            f"{where} has {first(finite, POWER)!r}, which may be a number or a code. Say which in model.toml: "
            f'[columns] {key(name)} = "number" or "category"',
            reason=Reason(kind=CODES_OR_NUMBERS, column=name),
        )
    if has(distinct, LONG):
        raise UnfitColumn(
            f"{where} has whole numbers beyond 2^53, such as {first(distinct, LONG)}, which a float64 cannot tell from "
            "the next one: they seem to be identifiers. Leave it out in model.toml, or, if it has few values: "
            f'[columns] {key(name)} = "category"',
            reason=Reason(kind=LONG_NUMBERS, column=name),
        )
    return True


def as_booleans(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts true and false in small letters, if there are no others."""
    small = pc.utf8_lower(texts)
    return small if set(pc.unique(small).drop_null().to_pylist()) <= BOOLEANS else texts


def labels(column: pd.Series) -> pd.Series:
    """The target of a classification as text, with None for missing cells: each label in its one spelling."""
    distinct = {value: label(value) for value in column.dropna().unique()}
    return column.astype(object).map(distinct).astype(object).where(column.notna(), None)


def as_objects(texts: pa.ChunkedArray, like: pd.Series) -> pd.Series:
    """Texts as Python objects, with the index and name of the column `like`; equal texts are the same object."""
    encoded = pc.dictionary_encode(texts).combine_chunks()
    distinct = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    codes = pc.fill_null(encoded.indices, len(distinct) - 1).to_numpy(zero_copy_only=False)
    return pd.Series(distinct[codes], index=like.index, name=like.name, dtype=object)


def texts_of(column: pd.Series) -> pa.ChunkedArray:
    """A pandas column that does not hold numbers, as Arrow texts."""
    array = pa.array(column, from_pandas=True)
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    return chunked.cast(pa.large_string())


def _shown(cell: object) -> str:
    return number(cell) if isinstance(cell, float) else repr(cell)
