"""The columns between two steps of a pipeline, and checks for values that scikit-learn rejects."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evergreen.contract.contract import Row, wrong
from evergreen.errors import InvalidRow

# One row between two steps. A missing number is NaN, a missing text None.
Values = Row

_INFINITY = math.inf


@dataclass(frozen=True)
class Columns:
    """Columns at one place of a pipeline.

    Attributes:
        names: for each column the feature that it was made from, so that a message can name it.
        sparse: the library holds them as a sparse matrix here, and so scales them with another rounding.
    """

    names: tuple[str, ...]
    sparse: bool = False


def invalid(name: str, value: Any, expected: str) -> InvalidRow:
    """The error for a feature's value that the library itself would reject."""
    return InvalidRow([wrong(name, None if value is None or value != value else value, expected, feature=name)])


def refuse_infinite(values: Values, names: Sequence[str]) -> None:
    """
    Raises:
        InvalidRow: a value is infinite, which most of scikit-learn rejects, while it lets missing ones pass.
    """
    if _INFINITY in values or -_INFINITY in values:
        refuse_not_finite([0.0 if value != value else value for value in values], names)


def refuse_not_finite(values: Values, names: Sequence[str]) -> None:
    """
    Raises:
        InvalidRow: a value is infinite or missing.
    """
    for name, value in zip(names, values, strict=True):
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            raise invalid(name, value, "a finite number")


def json_number(value: Any) -> float | str:
    """A number as strict JSON can hold it. JSON has no infinity; float() reads both forms back."""
    number = float(value)
    return number if math.isfinite(number) else str(number)
