"""The type of a column: numbers, dates, or the texts of a category. A message names the line of a wrong cell."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evergreen.contract.cells import BOOLEANS, label
from evergreen.contract.feature import DATE, NUMBER
from evergreen.errors import InvalidData
from evergreen.number_text import counted, number
from evergreen.settings.toml_text import key, text
from training.reading.categories import require_category
from training.reading.dates import as_moments, formats_of, looks_like_dates, parse
from training.reading.number_format import LEADING_ZERO, LONG, POWER, first, has, units
from training.reading.source import Source
from training.reading.unfit import (
    CODES_OR_NUMBERS,
    DATES,
    EMPTY,
    LONG_NUMBERS,
    MISSING_MARKS,
    NOT_DATES,
    NOT_NUMBERS,
    OTHER_FORMAT,
    UNITS,
    Reason,
    UnfitColumn,
)

# Texts that people write for a missing value, and how many different ones a column may have of them.
_MARK = re.compile(r"(?i)[-\u2013\u2014?*.#_/x]{1,4}|n\.?a\.?|n/a|none|null|nil|missing|unknown|unk|not available")
_MOST_MARKS = 3


# What to do about a cell that is no date.
_DATE_REMEDY = "Correct the rows, or name their format in [data] date_formats"


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


def moments(column: pd.Series, *, source: Source) -> pd.Series:
    """A column of dates as datetime64[ms], in UTC if they have time zones; missing cells as NaT.

    Raises:
        UnfitColumn: a cell is no date, only some have a time zone, or their format is not known.
    """
    name, texts = str(column.name), texts_of(column)
    found = parse(texts, source.dates)
    wrong = column.notna().to_numpy() & np.isnan(found.seconds)
    if wrong.any():
        distinct = pc.unique(texts).drop_null()
        marks = tuple(pc.unique(texts.filter(pa.array(wrong))).to_pylist())
        marks = marks if _are_marks(marks) else ()
        dates = distinct.filter(pc.invert(pc.is_in(distinct, pa.array(marks, distinct.type))))
        if not found.known and (formats := formats_of(dates)):
            raise UnfitColumn(
                f"{source.name}: column {name!r} holds dates of another format than ISO 8601, such as "
                f"{dates[0].as_py()!r}: set [data] date_formats = [{' or '.join(map(text, formats))}] in model.toml",
                reason=Reason(kind=DATES, column=name, formats=tuple(formats)),
            )
        row = int(np.argmax(wrong))
        remedy = _remedy(name, marks) if marks else f"{_DATE_REMEDY}, or leave the column out in model.toml"
        raise UnfitColumn(
            f"{source.place(column.index[row])}: column {name!r} has {_shown(column.iloc[row])} where a date belongs "
            f"({counted(int(wrong.sum()), 'such row')}). {remedy}",
            reason=Reason(kind=MISSING_MARKS if marks else NOT_DATES, column=name, marks=marks),
        )
    if found.zoned.any() and not found.zoned[column.notna().to_numpy()].all():
        row = int(np.argmax(column.notna().to_numpy() & ~found.zoned))
        raise UnfitColumn(
            f"{source.place(column.index[row])}: column {name!r} has {_shown(column.iloc[row])}, without a time zone, "
            f"and elsewhere {texts.filter(pa.array(found.zoned))[0].as_py()!r}, with one: their order cannot be told. "
            "Write all of them with a zone, or none",
            reason=Reason(kind=NOT_DATES, column=name),
        )
    return as_moments(found, column)


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
    """A column as float64 if it holds numbers, as datetime64 if dates, else as text with None for missing cells.

    A column of text in which most cells are numbers is read as numbers with mistakes, not as a category. A column that
    its file types as text (a categorical in pandas) stays text.

    Args:
        kind: "number", "category" or "date", if model.toml says which.

    Raises:
        UnfitColumn: the column is empty, holds identifiers or free text, mostly but not only numbers or dates, dates of
            an unknown format, or texts that may be numbers or codes.
    """
    where, name = f"{source.name}: column {column.name!r}", str(column.name)
    present = int(column.notna().to_numpy().sum())
    if not present:
        raise UnfitColumn(f"{where} is empty; leave it out in model.toml", reason=Reason(kind=EMPTY, column=name))
    if kind == NUMBER or (is_number(column) and kind != DATE):
        return numbers(column, source=source)
    texts = texts_of(column)
    found = pc.value_counts(texts.drop_null())
    distinct, rows = found.field("values"), found.field("counts").to_numpy()
    if kind is None and column.dtype != "category" and _are_numbers(distinct, rows, name, source):
        return numbers(column, source=source)
    if kind == DATE or (kind is None and looks_like_dates(distinct)):
        return moments(column, source=source)
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
