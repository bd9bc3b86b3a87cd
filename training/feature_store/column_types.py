"""Columns in the types that a definition declares."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from evergreen.errors import InvalidFeatures
from evergreen.feature_store.views import Typed

_TYPES = {
    "string": pa.string(),
    "bytes": pa.binary(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "unix_timestamp": pa.timestamp("us", "UTC"),
}


def nulls(declared: Typed, length: int) -> pa.Array:
    return pa.nulls(length, _TYPES[declared.type])


def as_declared(column: pa.ChunkedArray, declared: Typed, *, where: str) -> pa.ChunkedArray:
    """A column in its declared type, as the online store would give it: NaN is null, moments are whole seconds.

    Whole numbers are taken from floating ones, and for text; a moment without a zone is UTC.

    Args:
        where: for messages: "column 'city' of the rows".

    Raises:
        InvalidFeatures: a value does not fit; the message names it.
    """
    type_ = _TYPES[declared.type]
    if kinds.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if kinds.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if declared.type == "string" and (kinds.is_floating(column.type) or kinds.is_integer(column.type)):
        # pandas makes 77001.0 of 77001 where others are missing.
        column = as_declared(column, Typed(declared.name, "int64"), where=where)
    if not _of_one_kind(column.type, type_):
        raise InvalidFeatures(f"{where} has the type {column.type}; {declared.name!r} is defined as {declared.type}")
    if kinds.is_timestamp(type_):
        zoned = column if column.type.tz else pc.assume_timezone(column, "UTC")
        return pc.floor_temporal(zoned.cast(type_, safe=False), unit="second")
    try:
        # A number of more digits than a float32 has is rounded, which Feast does too.
        return column.cast(type_, safe=not kinds.is_floating(type_))
    except pa.ArrowInvalid as error:
        raise InvalidFeatures(
            f"{where} has {_misfit(column, type_)!r}; {declared.name!r} is defined as {declared.type}"
        ) from error


def _of_one_kind(found: pa.DataType, declared: pa.DataType) -> bool:
    """Whether a cast is a matter of values alone."""
    if kinds.is_null(found):
        return True
    if kinds.is_timestamp(declared) or kinds.is_boolean(declared):
        return found.id == declared.id
    return not (kinds.is_timestamp(found) or kinds.is_boolean(found))


def _misfit(column: pa.ChunkedArray, type_: pa.DataType) -> object:
    """The first value that cannot be cast. Found by halves: a cast for each of a million would take seconds."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            column.slice(low, middle - low).cast(type_)
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return column[low].as_py()
