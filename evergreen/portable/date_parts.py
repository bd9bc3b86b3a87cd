"""The parts of a date that a model sees: one function for training and endpoint."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evergreen.contract.dates import clock

_DAY = 86_400.0
_YEAR = 365.25


def _hour(point: datetime) -> float:
    return point.hour + point.minute / 60


def _season(point: datetime) -> tuple[float, float]:
    """Sine and cosine of the day of the year, so that December lies beside January."""
    angle = 2 * math.pi * (point.timetuple().tm_yday - 1 + point.hour / 24) / _YEAR
    # The last digits differ between C libraries; a threshold of a tree must not lie among them.
    return round(math.sin(angle), 12), round(math.cos(angle), 12)


# By its name in model.toml, from the moment and the seconds since the first training row.
_PARTS: dict[str, Callable[[datetime, float], tuple[float, ...]]] = {
    "year": lambda point, _: (float(point.year),),
    "month": lambda point, _: (float(point.month),),
    "day": lambda point, _: (float(point.day),),
    "weekday": lambda point, _: (float(point.weekday()),),
    "hour": lambda point, _: (_hour(point),),
    "days": lambda _, since: (since / _DAY,),
    "season": lambda point, _: _season(point),
}
PARTS = tuple(_PARTS)
# "season" is two numbers.
_WIDTH = {name: 2 if name == "season" else 1 for name in PARTS}


@dataclass(frozen=True)
class Parts:
    """The parts of one column of dates.

    Attributes:
        names: of PARTS.
        first: the first moment of the training rows, from which days are counted.
    """

    names: tuple[str, ...]
    first: float

    @property
    def width(self) -> int:
        """How many numbers a date becomes."""
        return sum(_WIDTH[name] for name in self.names)

    def of(self, seconds: float) -> list[float]:
        """The parts of a moment; all are NaN if it is missing."""
        if seconds != seconds:
            return [math.nan] * self.width
        point, since = clock(seconds), seconds - self.first
        return [number for name in self.names for number in _PARTS[name](point, since)]


@dataclass(frozen=True)
class DateParts:
    """The parts of several columns of dates side by side, as a function for scikit-learn's FunctionTransformer."""

    columns: tuple[Parts, ...]

    def __call__(self, moments: Any) -> Any:
        """
        Args:
            moments: an array or a frame, a row for each row and a column for each of `columns`, of float64.

        Returns:
            An array of float64, of as many rows.
        """
        # Only training needs it.
        import numpy as np

        table = np.asarray(moments, dtype="float64")
        return np.hstack([self._of_column(parts, table[:, place]) for place, parts in enumerate(self.columns)])

    @staticmethod
    def _of_column(parts: Parts, moments: Any) -> Any:
        import numpy as np

        # The same dates come again and again.
        distinct, places = np.unique(moments, return_inverse=True)
        return np.array([parts.of(seconds) for seconds in distinct.tolist()])[places].reshape(len(moments), parts.width)

    def of_row(self, moments: Sequence[float]) -> list[float]:
        """The parts of one row."""
        return [number for parts, seconds in zip(self.columns, moments, strict=True) for number in parts.of(seconds)]
