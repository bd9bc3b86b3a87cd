"""What a column is: what its cells are taken for, what is wrong with them, and whether a model should see it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from evergreen.contract.cells import BOOLEANS
from evergreen.contract.contract import CATEGORY, NUMBER
from evergreen.number_text import number
from evergreen.quoting import line, shown
from training.documents.profile import Distribution
from training.inspection.distribution import distribution
from training.reading import unfit
from training.reading.columns import is_number, texts_of, typed
from training.reading.number_format import NumberFormat
from training.reading.source import Source
from training.reading.unfit import UnfitColumn

TRUE_OR_FALSE, CODE, DATE, IDENTIFIER = "true/false", "code", "date", "identifier"
CONSTANT, EMPTY, OTHER = "constant", "empty", "other"
_SHOWN = 3
# Texts that are codes rather than numbers if all of a column are like this: digits, some with an E among them.
_CODE = r"^[0-9]+(?:[eE][0-9]+)?$"
# A column's kind, why it is left out, and what else to know of it.
Reason = tuple[str, str, str]
# Above this share of different texts, they tell rows apart rather than describe them.
_UNIQUE_SHARE = 0.9


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the table.

    Attributes:
        kind: number, category, true/false, code, date, identifier, constant, empty or other.
        missing: how many cells are.
        values: a few of them, as they can be quoted.
        leave_out: why the model must not see it; empty if it may.
        note: what else to know of it.
        asked: what [columns] has to say of it; empty if nothing.
        marks: texts that mean a missing value, and are not among those of [data] missing.
        numbers: the format of its numbers, if it is another than the table was read with.
        cells: the column with its type; None if it has none.
        distribution: of its values; None if the column was not read.
    """

    name: str
    kind: str
    missing: int = 0
    values: tuple[str, ...] = ()
    leave_out: str = ""
    note: str = ""
    asked: str = ""
    marks: tuple[str, ...] = ()
    numbers: NumberFormat | None = None
    cells: pd.Series | None = field(default=None, repr=False, compare=False)
    distribution: Distribution | None = field(default=None, repr=False, compare=False)


def look_at(column: pd.Series, *, source: Source) -> Column:
    """What a column of the table is, as Prepare would take it, with the remedy for what Prepare would refuse."""
    name, asked = str(column.name), ""
    marks: tuple[str, ...] = ()
    for _ in range(3):
        try:
            cells = typed(column, source=source, kind=asked or None)
        except UnfitColumn as error:
            if error.reason.kind == unfit.CODES_OR_NUMBERS:
                asked = CATEGORY if _are_codes(column) else NUMBER
            elif error.reason.kind == unfit.MISSING_MARKS and not marks:
                marks = error.reason.marks
                column = column.mask(column.isin(marks))
            else:
                return _unfit(column, error, marks)
        else:
            kind = _kind(cells, column) if asked != CATEGORY else CODE
            note = f"{line(', '.join(marks))} means missing" if marks else ""
            if asked:
                note = "may be numbers or codes: [columns] says which"
            return Column(
                name=name,
                kind=kind,
                missing=_missing(column),
                values=_values(column),
                asked=asked,
                marks=marks,
                note=note,
                cells=cells,
                distribution=distribution(cells),
            )
    raise AssertionError("a remedy is applied once")


def _unfit(column: pd.Series, error: UnfitColumn, marks: tuple[str, ...]) -> Column:
    kind, why, note = _REASONS[error.reason.kind](column, error)
    return Column(
        name=str(column.name),
        kind=kind,
        missing=_missing(column),
        values=_values(column),
        leave_out=why,
        note=note,
        marks=marks,
        numbers=error.reason.numbers,
        distribution=distribution(column),
    )


def of_type(error: UnfitColumn) -> Column:
    """A column whose type no feature can have, so that it was not read."""
    return Column(name=error.reason.column, kind=OTHER, leave_out="its type can be no feature: a list, or the like")


def _kind(cells: pd.Series, column: pd.Series) -> str:
    if is_number(cells):
        return NUMBER
    texts = set(cells.dropna().unique())
    if texts <= BOOLEANS:
        return TRUE_OR_FALSE
    return CODE if not is_number(column) and all(re.fullmatch("[0-9]+", text) for text in texts) else CATEGORY


def _are_codes(column: pd.Series) -> bool:
    distinct = pc.unique(texts_of(column)).drop_null()
    return bool(pc.all(pc.match_substring_regex(distinct, _CODE)).as_py())


def _missing(column: pd.Series) -> int:
    return int(column.isna().to_numpy().sum())


def _values(column: pd.Series) -> tuple[str, ...]:
    """The first different values."""
    if is_number(column):
        present = column.to_numpy()
        return tuple(map(number, pd.unique(present[~np.isnan(present)][:1000])[:_SHOWN]))
    texts = pc.unique(texts_of(column).drop_null()[:1000])[:_SHOWN]
    return tuple(shown(text) for text in texts.to_pylist())


def _dates(_column: pd.Series, _error: UnfitColumn) -> Reason:
    return DATE, "dates as text; turn them into numbers to use them: year, month, days since", ""


def _many(column: pd.Series, _error: UnfitColumn) -> Reason:
    texts = texts_of(column).drop_null()
    distinct = len(pc.unique(texts))
    if distinct >= _UNIQUE_SHARE * len(texts):
        return IDENTIFIER, "nearly every row has another text, like an identifier or a note", ""
    return CATEGORY, f"{number(distinct)} different texts are too many for a category", ""


def _wrong(_column: pd.Series, error: UnfitColumn) -> Reason:
    """The message names the line and the cell, which model.toml must not: it is kept with each version."""
    told, _, _ = str(error).partition(". ")
    return NUMBER, "texts where numbers belong; correct those rows to use it", told


_REASONS: dict[str, Callable[[pd.Series, UnfitColumn], Reason]] = {
    unfit.EMPTY: lambda *_: (EMPTY, "every cell is empty", ""),
    unfit.DATES: _dates,
    unfit.LONG_NUMBERS: lambda *_: (IDENTIFIER, "whole numbers beyond 2^53, like identifiers", ""),
    unfit.MANY_TEXTS: _many,
    unfit.OTHER_FORMAT: lambda *_: (NUMBER, "numbers of another format than the table's other columns", ""),
    unfit.UNITS: lambda *_: (NUMBER, "numbers of different units; write all of them in one to use it", ""),
    unfit.MISSING_MARKS: _wrong,
    unfit.NOT_NUMBERS: _wrong,
}


def names_an_identifier(name: str) -> bool:
    """Whether a column is called like one: id, CustomerID, order_no."""
    return bool(_words(name) & {"id", "ids", "identifier", "uuid", "guid", "key", "no", "nr", "index", "rownames"})


def names_a_date(name: str) -> bool:
    """Whether a column is called like one: year, SaleDate, timestamp."""
    return bool(_words(name) & {"date", "datetime", "timestamp", "year"})


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def is_counter(cells: pd.Series) -> bool:
    """Whether whole numbers, each of which stands in one row, have hardly a gap."""
    present = cells.dropna()
    return bool(len(present) and present.max() - present.min() < 2 * len(present))
