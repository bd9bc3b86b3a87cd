"""How far each column has moved in windows of the table's own past, when nothing was wrong.

Rows that follow each other are alike, and so are rows of one group. A window of them moves farther than as many
independent rows would. How much farther is taken from the past: windows of a check's size are compared with the
reference, and the variance of the shares in them gives the number of independent rows that such a comparison is worth
(the effective sample size; Kish 1965, Survey Sampling). How well so few windows tell it is the matter of Student's t
with as many degrees of freedom.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from scipy.stats import norm, t

from evergreen.monitoring.drift.shift import Shift

TIME, GROUP, NOTHING = "time", "group", ""


@dataclass(frozen=True, kw_only=True)
class WindowSize:
    """What past windows of one size show.

    Attributes:
        rows: of each window.
        windows: how many were looked at, or how many groups they held, if these are fewer.
        values: by column, the independent rows that the comparison of its values with the reference is worth. A column
            that never moved is not in it.
        missing: the same for the share of missing values.
    """

    rows: int
    windows: int
    values: Mapping[str, float]
    missing: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class History:
    """What the past shows of each column.

    Attributes:
        order: in which windows were taken: by TIME, or GROUP by group; NOTHING if rows count as independent.
        sizes: smallest first.
        most: by column and kind of rows (kinds.py), the largest share of the kind in any past window.
    """

    order: str = NOTHING
    sizes: tuple[WindowSize, ...] = ()
    most: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "History":
        sizes = tuple(WindowSize(**size) for size in stored["sizes"])
        return cls(order=stored["order"], sizes=sizes, most=stored["most"])

    def p_value(self, column: str, shift: Shift, *, rows: int, missing: bool = False) -> float:
        """The p-value of a shift: the larger of what chance leaves unexplained, and what the column's past does.

        Args:
            rows: of the window.
            missing: whether it is the share of missing values that shifted.
        """
        unexplained = [
            _known_from(size.windows, shift.p_value(min(1.0, worth / shift.rows)))
            for size, worth in self._worths(column, rows, missing=missing)
        ]
        # Each size by itself is an upper bound.
        return max(shift.p_value(1.0), min(unexplained, default=0.0))

    def smallest_visible(self, column: str, *, rows: int, reference: int, p_value: float) -> float:
        """The smallest distance of a number's values that would have such a p-value; above 1 if none has.

        By the first term of Kolmogorov's distribution.

        Args:
            rows, reference: of the window, and of the reference.
        """

        def distance(worth: float, p_value: float) -> float:
            return math.sqrt(-math.log(p_value / 2) / (2 * worth))

        chance = rows * reference / (rows + reference)
        unexplained = [
            distance(min(worth, chance), 2 * norm.sf(t.isf(p_value / 2, size.windows)))
            for size, worth in self._worths(column, rows, missing=False)
        ]
        return max(distance(chance, p_value), min(unexplained, default=0.0))

    def _worths(self, column: str, rows: int, *, missing: bool) -> Iterator[tuple[WindowSize, float]]:
        """The sizes that tell something of a window of `rows`, and the independent rows that it is worth by each.

        A window is worth at least as much as a smaller one. If all that were looked at are larger, it is worth its part
        of the smallest.
        """
        for size in [size for size in self.sizes if size.rows <= rows] or self.sizes[:1]:
            known = size.missing if missing else size.values
            if column in known:
                yield size, known[column] * min(1.0, rows / size.rows)


def _known_from(windows: int, p_value: float) -> float:
    """The p-value at the same number of standard errors, if these were estimated from so many windows."""
    return float(2 * t.sf(norm.isf(p_value / 2), windows))
