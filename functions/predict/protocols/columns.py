"""Columns of values as rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from evergreen.quoting import quoted
from functions.predict.body import MalformedRequest


def rows_of(columns: Mapping[str, Any], *, where: str) -> list[dict[str, Any]]:
    """A row for each place in the columns, which must be lists of one length; a list of lists of one value is a list of
    these values.

    Raises:
        MalformedRequest: they are not.
    """
    flat = {name: _flat(column, f"{where} {quoted(name)}") for name, column in columns.items()}
    lengths = {name: len(column) for name, column in flat.items()}
    if len(set(lengths.values())) > 1:
        first, *others = lengths.items()
        other = next(each for each in others if each[1] != first[1])
        raise MalformedRequest(
            f"{where} must have one length: {quoted(first[0])} has {first[1]} values and {quoted(other[0])} has "
            f"{other[1]}",
            quotes=True,
        )
    return [dict(zip(flat, row, strict=True)) for row in zip(*flat.values(), strict=True)]


def _flat(column: Any, where: str) -> Sequence[Any]:
    if not isinstance(column, list):
        raise MalformedRequest(f"{where} must be a list of values", quotes=True)
    if any(isinstance(value, list) for value in column):
        if not all(isinstance(value, list) and len(value) == 1 for value in column):
            raise MalformedRequest(f"{where} must hold one value a row", quotes=True)
        return [value for (value,) in column]
    return column
