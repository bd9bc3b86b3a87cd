"""A table's own past: windows of it, each with the rows that came before as its reference; and how far columns moved.

Numbers are looked at where they cross the tenths of their values, categories by their shares.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evergreen.contract.feature import NUMBER, Feature
from evergreen.judging.dependence import Codes, Units
from evergreen.monitoring.drift import kinds
from evergreen.monitoring.drift.history import GROUP, NOTHING, TIME, History, WindowSize
from evergreen.settings.sections import DriftSettings

Numbers = npt.NDArray[np.float64]

# Sizes of windows, as multiples of the rule's minimum_rows.
_SIZES = (1, 5, 25)
# Fewer windows say nothing of how much they vary; more, or more rows in all, would only cost time.
_LEAST_WINDOWS, _MOST_WINDOWS, _MOST_ROWS = 8, 100, 100_000
# In a table too short for that, windows are smaller, down to this size.
_SMALLEST = 20
# Of a larger reference, rows at equal distances are taken.
_REFERENCE_ROWS = 10_000
_TENTHS = np.linspace(0.1, 0.9, 9)
# Categories with a smaller share are looked at together only: the variance of a small share is known badly.
_FREQUENT = 0.05


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window of the past: positions of its rows, and of those that it is compared with."""

    reference: Codes
    rows: Codes


@dataclass(frozen=True, kw_only=True)
class Past:
    """All rows of a table in the order in which they are walked through.

    Attributes:
        order: history.TIME, GROUP, or NOTHING.
        rows: positions; empty without an order.
        reference: how many rows before a window it is compared with.
        groups: how many groups there are, if rows are walked through group by group.
        season: by position, a number for the row's season; None without a season.
    """

    order: str = NOTHING
    rows: Codes
    reference: int
    groups: int | None = None
    season: Codes | None = None

    def starts(self, size: int) -> list[int]:
        """Where windows of a size begin, spread evenly; they do not overlap."""
        free = len(self.rows) - self.reference
        count = min(free // size, _MOST_WINDOWS, max(_LEAST_WINDOWS, _MOST_ROWS // size))
        return [round(start) for start in np.linspace(self.reference, len(self.rows) - size, count)] if count else []

    def windows(self, size: int) -> Iterator[Window]:
        """Windows of a size."""
        step = -(-self.reference // _REFERENCE_ROWS)
        for start in self.starts(size):
            reference, rows = self.rows[start - self.reference : start : step], self.rows[start : start + size]
            if self.season is not None:
                reference = reference[np.isin(self.season[reference], np.unique(self.season[rows]))]
            yield Window(reference=reference, rows=rows)

    def sizes(self, rule: DriftSettings) -> list[int]:
        """Sizes of which there are enough windows; a smaller one if there are of none."""
        free = len(self.rows) - self.reference
        fitting = [rule.minimum_rows * factor for factor in _SIZES]
        found = [size for size in fitting if free // size >= _LEAST_WINDOWS]
        shorter = free // _LEAST_WINDOWS
        return found or ([shorter] if shorter >= _SMALLEST else [])

    def looked_at(self, rule: DriftSettings) -> Codes:
        """The rows of all windows and their references."""
        found = [
            part
            for size in self.sizes(rule)
            for window in self.windows(size)
            for part in (window.reference, window.rows)
        ]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=int)


def past_of(table: pd.DataFrame, units: Units, rule: DriftSettings, *, reference: int, seed: int) -> Past:
    """Rows in the order of time if it is known; or else group by group, in an order drawn at random.

    A single group is no order.

    Args:
        reference: how many rows a check's reference has. At most half of the table is taken for it.
    """
    season = pd.factorize(table[rule.season])[0] if rule.season else None
    reference = min(reference, len(table) // 2)
    if units.moments is not None:
        rows = np.argsort(units.moments, kind="stable")
        return Past(order=TIME, rows=rows, reference=reference, season=season)
    if units.groups is not None and len(distinct := np.unique(units.groups)) > 1:
        place = np.empty(int(np.max(distinct)) + 1, dtype=np.int_)
        place[distinct] = np.random.default_rng(seed).permutation(len(distinct))
        rows = np.argsort(place[units.groups], kind="stable")
        return Past(order=GROUP, rows=rows, reference=reference, groups=len(distinct), season=season)
    return Past(rows=np.zeros(0, dtype=int), reference=reference, season=season)


def look_back(table: pd.DataFrame, past: Past, columns: Sequence[Feature], rule: DriftSettings) -> History:
    """How far each column moved in windows of the past.

    Args:
        table: the rows that `past` points to.
        columns: those that are compared.
    """
    windows = {size: list(past.windows(size)) for size in past.sizes(rule)}
    if not windows:
        return History()
    values: dict[int, dict[str, float]] = {size: {} for size in windows}
    missing: dict[int, dict[str, float]] = {size: {} for size in windows}
    for column in columns:
        # One at a time, since the codes of a large table take as much memory as the table.
        coded = _Coded(column, table[column.name])
        for size, of_size in windows.items():
            moved = [coded.moved(window) for window in of_size]
            for known, worth in ((values, _values_worth(moved)), (missing, _missing_worth(moved))):
                if worth is not None:
                    known[size][column.name] = worth
    sizes = tuple(
        WindowSize(
            rows=size,
            windows=len(of_size) if past.groups is None else min(len(of_size), past.groups - 1),
            values=values[size],
            missing=missing[size],
        )
        for size, of_size in windows.items()
    )
    most = {column.name: _most(column, table[column.name], past, sizes[0].rows) for column in columns}
    return History(order=past.order, sizes=sizes, most=most)


@dataclass(frozen=True, kw_only=True)
class _Moved:
    """A column in a window and in its reference: shares of the values, NaN if there is none, and of missing ones."""

    now: Numbers
    before: Numbers
    missing_now: float
    missing_before: float


class _Coded:
    """A column as whole numbers: which tenth of the values a number falls into, or which category it is."""

    def __init__(self, column: Feature, values: pd.Series) -> None:
        self._numeric = column.type == NUMBER
        if self._numeric:
            numbers = kinds.steadied(column, values).to_numpy(float)
            present = numbers[~np.isnan(numbers)]
            tenths = np.quantile(present, _TENTHS) if len(present) else _TENTHS
            self._codes = np.where(np.isnan(numbers), -1, np.searchsorted(tenths, numbers))
            self._count = len(_TENTHS) + 1
        else:
            self._codes, distinct = pd.factorize(values.astype(object))
            self._count = len(distinct)

    def moved(self, window: Window) -> _Moved:
        (before, missing_before), (now, missing_now) = map(self._shares, (window.reference, window.rows))
        return _Moved(now=now, before=before, missing_now=missing_now, missing_before=missing_before)

    def _shares(self, rows: Codes) -> tuple[Numbers, float]:
        codes = self._codes[rows]
        counts = np.bincount(codes[codes >= 0], minlength=self._count)
        present = int(counts.sum())
        shares = counts / present if present else np.full(self._count, np.nan)
        # Of a number, the shares at or below each tenth; all values are at or below the last.
        return (np.cumsum(shares)[:-1] if self._numeric else shares), 1 - present / max(len(codes), 1)


def _values_worth(moved: Sequence[_Moved]) -> float | None:
    """The independent rows that would move as far: the fewest by any tenth or frequent category, or by all together."""
    now, before = np.array([each.now for each in moved]), np.array([each.before for each in moved])
    known = ~(np.isnan(now).any(axis=1) | np.isnan(before).any(axis=1))
    if not known.any():
        return None
    shares = before[known].mean(axis=0)
    alone = shares * (1 - shares)
    squares = ((now[known] - before[known]) ** 2).mean(axis=0)
    counted = (shares >= _FREQUENT) & (squares > 0) & (alone > 0)
    worths = [*(alone[counted] / squares[counted])]
    if squares.sum() > 0 and alone.sum() > 0:
        worths.append(alone.sum() / squares.sum())
    return float(min(worths)) if worths else None


def _missing_worth(moved: Sequence[_Moved]) -> float | None:
    now, before = np.array([(each.missing_now, each.missing_before) for each in moved]).T
    squares = float(((now - before) ** 2).mean())
    share = float(now.mean() + before.mean()) / 2
    return share * (1 - share) / squares if squares > 0 else None


def _most(column: Feature, values: pd.Series, past: Past, size: int) -> Mapping[str, float]:
    """The largest share of each kind of rows in any window; of OUTSIDE and UNSEEN, beside all rows before it."""
    ordered = kinds.steadied(column, values.iloc[past.rows].reset_index(drop=True))
    found = dict.fromkeys((kinds.MISSING, kinds.CONSTANT, kinds.UNSEEN, kinds.OUTSIDE), 0.0)
    for kind, share in _shares_in_turn(column, ordered, past.starts(size), size):
        found[kind] = max(found[kind], share)
    return found


def _shares_in_turn(
    column: Feature, ordered: pd.Series, starts: Sequence[int], size: int
) -> Iterator[tuple[str, float]]:
    missing = ordered.isna().to_numpy()
    numeric = column.type == NUMBER
    if numeric:
        numbers = ordered.to_numpy(float)
        lowest, highest = np.fmin.accumulate(numbers), np.fmax.accumulate(numbers)
    else:
        codes, distinct = pd.factorize(ordered)
        first = np.full(len(distinct) + 1, len(codes))
        np.minimum.at(first, codes, np.arange(len(codes)))
    for start in starts:
        window = slice(start, start + size)
        yield kinds.MISSING, float(missing[window].mean())
        value = kinds.likeliest_constant(column, ordered[window])
        if value is not None:
            yield kinds.CONSTANT, float((ordered[window] == value).mean())
        if numeric:
            outside = (numbers[window] < lowest[start - 1]) | (numbers[window] > highest[start - 1])
            yield kinds.OUTSIDE, float(outside.mean())
        else:
            yield kinds.UNSEEN, float(((first[codes[window]] >= start) & ~missing[window]).mean())
