"""What a column is: what its cells are taken for, what is wrong with them, and whether a model should see it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from evergreen.contract.cells import BOOLEANS
from evergreen.contract.feature import CATEGORY, DATE, NUMBER
from evergreen.number_text import number
from evergreen.quoting import line, shown
from training.documents.profile import Distribution
from training.inspection.distribution import distribution
from training.reading import unfit
from training.reading.categories import MOST_CODES, require_category
from training.reading.columns import is_number, texts_of, typed
from training.reading.dates import is_date, parse
from training.reading.number_format import NumberFormat
from training.reading.source import Source
from training.reading.unfit import UnfitColumn

TRUE_OR_FALSE, CODE, IDENTIFIER = "true/false", "code", "identifier"
FREE_TEXT, CONSTANT, EMPTY, OTHER = "free text", "constant", "empty", "other"
_SHOWN = 3
# Texts that are codes rather than numbers if all of a column are like this: digits, some with an E among them.
_CODE = r"^[0-9]+(?:[eE][0-9]+)?$"
# A column's kind, why it is left out, and what else to know of it.
Reason = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the table.

    Attributes:
        kind: number, category, true/false, code, date, identifier, free text, constant, empty or other.
        missing: how many cells are.
        values: a few of them, as they can be quoted.
        leave_out: why the model must not see it; empty if it may.
        note: what else to know of it.
        asked: what [columns] has to say of it; empty if nothing.
        marks: texts that mean a missing value, and are not among those of [data] missing.
        numbers: the format of its numbers, if it is another than the table was read with.
        formats: of its dates, the likeliest first, if they are not ISO 8601.
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
    formats: tuple[str, ...] = ()
    cells: pd.Series | None = field(default=None, repr=False, compare=False)
    distribution: Distribution | None = field(default=None, repr=False, compare=False)


def look_at(column: pd.Series, *, source: Source) -> Column:
    """What a column of the table is, as Prepare would take it, with the remedy for what Prepare would refuse."""
    name, asked = str(column.name), ""
    marks: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    for _ in range(4):
        try:
            cells = typed(column, source=source, kind=asked or None)
            if asked == CATEGORY:
                # Here it is a guess, of which Prepare will be told as what somebody knows.
                found = pc.value_counts(texts_of(column).drop_null())
                require_category(found.field("values"), found.field("counts").to_numpy(), name=name, source=source)
        except UnfitColumn as error:
            if error.reason.kind == unfit.CODES_OR_NUMBERS:
                asked = CATEGORY if _are_codes(column) else NUMBER
            elif error.reason.kind == unfit.MISSING_MARKS and not marks:
                marks = error.reason.marks
                column = column.mask(column.isin(marks))
            elif error.reason.formats and not formats:
                formats = _by_order(error.reason.formats, column)
                source = replace(source, dates=formats[:1])
            else:
                return _unfit(column, error, marks)
        else:
            kind = _kind(cells, column) if asked != CATEGORY else CODE
            return Column(
                name=name,
                kind=kind,
                missing=_missing(column),
                values=_values(column),
                asked=asked,
                marks=marks,
                formats=formats,
                note="; ".join(_notes(cells, asked, marks, formats)),
                cells=cells,
                distribution=distribution(cells),
            )
    raise AssertionError("a remedy is applied once")


def _notes(cells: pd.Series, asked: str, marks: tuple[str, ...], formats: tuple[str, ...]) -> Iterator[str]:
    if asked:
        yield "may be numbers or codes: [columns] says which"
    elif marks:
        yield f"{line(', '.join(marks))} means missing"
    if len(formats) > 1:
        yield f"{' and '.join(formats)} read it: [data] date_formats says which"
    if cells.dtype == object and (distinct := cells.nunique()) > MOST_CODES:
        yield f"{number(distinct)} different texts: encoded by the target's mean"


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
    if is_date(cells):
        return DATE
    texts = set(cells.dropna().unique())
    if texts <= BOOLEANS:
        return TRUE_OR_FALSE
    return CODE if not is_number(column) and all(re.fullmatch("[0-9]+", text) for text in texts) else CATEGORY


def _are_codes(column: pd.Series) -> bool:
    distinct = pc.unique(texts_of(column)).drop_null()
    return bool(pc.all(pc.match_substring_regex(distinct, _CODE)).as_py())


def _by_order(formats: tuple[str, ...], column: pd.Series) -> tuple[str, ...]:
    """The formats, that first by which the rows are most nearly in order: tables often are."""

    def disorder(form: str) -> float:
        steps = np.diff(parse(texts_of(column).drop_null(), [form]).seconds)
        return float(min((steps < 0).mean(), (steps > 0).mean())) if len(steps) else 0.0

    return tuple(sorted(formats, key=disorder))


def _missing(column: pd.Series) -> int:
    return int(column.isna().to_numpy().sum())


def _values(column: pd.Series) -> tuple[str, ...]:
    """The first different values."""
    if is_number(column):
        present = column.to_numpy()
        return tuple(map(number, pd.unique(present[~np.isnan(present)][:1000])[:_SHOWN]))
    texts = pc.unique(texts_of(column).drop_null()[:1000])[:_SHOWN]
    return tuple(shown(text) for text in texts.to_pylist())


def _unique(column: pd.Series, _error: UnfitColumn) -> Reason:
    distinct = number(len(pc.unique(texts_of(column).drop_null())))
    return IDENTIFIER, f"{distinct} different texts, fewer than two rows for each, like an identifier or a note", ""


def _wrong(_column: pd.Series, error: UnfitColumn) -> Reason:
    """The message names the line and the cell, which model.toml must not: it is kept with each version."""
    told, _, _ = str(error).partition(". ")
    kind = NUMBER if error.reason.kind == unfit.NOT_NUMBERS else DATE
    return kind, f"texts where {kind}s belong; correct those rows to use it", told


_REASONS: dict[str, Callable[[pd.Series, UnfitColumn], Reason]] = {
    unfit.EMPTY: lambda *_: (EMPTY, "every cell is empty", ""),
    unfit.LONG_NUMBERS: lambda *_: (IDENTIFIER, "whole numbers beyond 2^53, like identifiers", ""),
    unfit.UNIQUE_TEXTS: _unique,
    unfit.SENTENCES: lambda *_: (FREE_TEXT, "long texts, like sentences that people write", ""),
    unfit.OTHER_FORMAT: lambda *_: (NUMBER, "numbers of another format than the table's other columns", ""),
    unfit.UNITS: lambda *_: (NUMBER, "numbers of different units; write all of them in one to use it", ""),
    unfit.MISSING_MARKS: _wrong,
    unfit.NOT_NUMBERS: _wrong,
    unfit.NOT_DATES: _wrong,
}


def names_an_identifier(name: str) -> bool:
    """Whether a column is called like one: id, CustomerID, order_no."""
    return bool(_words(name) & {"id", "ids", "identifier", "uuid", "guid", "key", "no", "nr", "index", "rownames"})


def names_a_date(name: str) -> bool:
    """Whether a column is called like one: year, SaleDate, timestamp."""
    return bool(_words(name) & {"date", "datetime", "timestamp", "year"})


def names_a_season(name: str) -> bool:
    """Whether a column is called like something whose values come again: month, weekday, hour."""
    return bool(_words(name) & {"month", "quarter", "season", "week", "weekday", "hour"})


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def is_counter(cells: pd.Series) -> bool:
    """Whether whole numbers, each of which stands in one row, have hardly a gap."""
    present = cells.dropna()
    return bool(len(present) and present.max() - present.min() < 2 * len(present))
