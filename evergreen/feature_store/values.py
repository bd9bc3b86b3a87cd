"""A stored value, feast.types.Value: a protobuf message with one field set, or none for a null.

    decode(encode(412.5, "double"))   # 412.5
    decode(b"")                       # None

Every type that Feast 0.67 has is decoded; encoded are those that a column of a table can have.
"""

import json
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any

from evergreen.feature_store.keys import seconds
from evergreen.feature_store.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    FormatError,
    Raw,
    as_varint,
    fields,
    varint,
)

# Feast's stand-in for a timestamp that is missing inside a list.
_NOT_A_TIME = -(1 << 63)

Decoder = Callable[[Raw], Any]


class WrongValue(Exception):
    """A value is none of its feature's type. Nothing is written."""


# Of each type: the tag before its content. https://protobuf.dev/programming-guides/encoding/#structure
_TAGS = {
    name: bytes([number << 3 | wire])
    for name, number, wire in (
        ("string", 2, BYTES),
        ("int32", 3, VARINT),
        ("int64", 4, VARINT),
        ("double", 5, FIXED64),
        ("float", 6, FIXED32),
        ("bool", 7, VARINT),
        ("unix_timestamp", 8, VARINT),
    )
}
_TYPE_OF = {tag[0] >> 3: name for name, tag in _TAGS.items()}
_DOUBLE = struct.Struct("<cd")
_BITS = {"int32": 31, "int64": 63, "unix_timestamp": 63}


def encode(value: Any, type_: str) -> bytes:
    """A value as Feast writes it. None and NaN are a null; a time is cut off to whole seconds.

    Args:
        type_: one of views.FEATURE_TYPES.

    Raises:
        WrongValue: it is none of that type, or does not fit into it.
    """
    # NaN is the one value that differs from itself.
    if value is None or value != value:
        return b""
    if type_ == "string" and isinstance(value, str):
        try:
            content = value.encode()
        except UnicodeEncodeError as error:
            raise WrongValue("no valid text") from error
        return _TAGS[type_] + as_varint(len(content)) + content
    if type_ == "bool" and isinstance(value, bool):
        return _TAGS[type_] + as_varint(value)
    if type_ == "unix_timestamp" and isinstance(value, datetime):
        value = seconds(value)
    if type_ in _BITS and isinstance(value, int) and not isinstance(value, bool):
        if -(1 << _BITS[type_]) <= value < 1 << _BITS[type_]:
            return _TAGS[type_] + as_varint(value)
    elif type_ in ("float", "double") and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return _TAGS[type_] + struct.pack("<d" if type_ == "double" else "<f", value)
        except (OverflowError, struct.error) as error:
            raise WrongValue(f"too large for {type_}") from error
    raise WrongValue(f"not of type {type_}")


def decode(data: bytes) -> Any:
    """A stored value as `get_online_features(...).to_dict()` gives it; None for a null.

    One difference: Feast gives its marker `null_val`, which it writes nowhere, as 0. Here it is None.

    Raises:
        FormatError: these are not the bytes of a value, or of one of a type that Feast 0.67 did not have.
    """
    # What most features are, first.
    if len(data) == _DOUBLE.size and data[:1] == _TAGS["double"]:
        return _DOUBLE.unpack(data)[1]
    try:
        value = None
        for number, raw in fields(data):
            if number not in _VALUES:
                raise FormatError(f"a value of the unknown type {number}")
            value = _VALUES[number](raw)
        return value
    except (LookupError, TypeError, ValueError, ArithmeticError, OSError, struct.error) as error:
        raise FormatError(f"not a value of Feast's: {type(error).__name__}") from error


def type_of(data: bytes) -> str:
    """The type of a stored value, one of views.FEATURE_TYPES; empty for a null.

    Raises:
        FormatError: these are not the bytes of a value, or it is of a type that no column of a table can have.
    """
    try:
        number = next((number for number, _ in fields(data)), None)
    except LookupError as error:
        raise FormatError("a value ends too early") from error
    if number is None:
        return ""
    if number not in _TYPE_OF:
        raise FormatError(f"a value that no column of a table can have, of type {number}")
    return _TYPE_OF[number]


def _int64(raw: Raw) -> int:
    number = _number(raw)
    return number - (1 << 64) if number >> 63 else number


def _int32(raw: Raw) -> int:
    number = _number(raw) & 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number


def _number(raw: Raw) -> int:
    if not isinstance(raw, int):
        raise TypeError("bytes in place of a number")
    return raw


def _content(raw: Raw) -> bytes:
    if not isinstance(raw, bytes):
        raise TypeError("a number in place of bytes")
    return raw


def _bool(raw: Raw) -> bool:
    return bool(_number(raw))


def _text(raw: Raw) -> str:
    return _content(raw).decode()


def _double(raw: Raw) -> float:
    return float(struct.unpack("<d", _content(raw))[0])


def _float(raw: Raw) -> float:
    return float(struct.unpack("<f", _content(raw))[0])


def _time(raw: Raw) -> datetime | None:
    seconds = _int64(raw)
    return None if seconds == _NOT_A_TIME else datetime.fromtimestamp(seconds, tz=UTC)


def _null(raw: Raw) -> None:
    _number(raw)


# Types that no model is trained on are imported when one is met.
def _uuid(raw: Raw) -> Any:
    from uuid import UUID

    return UUID(_text(raw))


def _decimal(raw: Raw) -> Any:
    from decimal import Decimal

    return Decimal(_text(raw))


def _json(raw: Raw) -> Any:
    text = _text(raw)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _zoned_time(raw: Raw) -> datetime | None:
    parts = dict(fields(_content(raw)))
    seconds = _int64(parts.get(1, 0))
    return None if seconds == _NOT_A_TIME else datetime.fromtimestamp(seconds, tz=_zone(_text(parts.get(2, b""))))


def _zone(name: str) -> tzinfo | None:
    """A name like America/Chicago, or an offset like UTC+05:30; UTC for any other, as Feast has it."""
    from zoneinfo import ZoneInfo

    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        pass
    try:
        return datetime.strptime(name.removeprefix("UTC"), "%z").tzinfo
    except ValueError:
        return UTC


def _elements(raw: Raw) -> Iterator[Raw]:
    """What field 1 of a message has, time after time."""
    return (element for number, element in fields(_content(raw)) if number == 1)


def _list_of(decode: Decoder) -> Decoder:
    return lambda raw: [decode(element) for element in _elements(raw)]


def _numbers(decode: Decoder, size: int) -> Decoder:
    """A list of numbers, which protobuf packs into one field; a reader must also take them one by one.

    Args:
        size: bytes of each; 0 if they are varints.
    """

    def unpacked(packed: Raw) -> Iterator[Raw]:
        if isinstance(packed, int):
            yield packed
            return
        at = 0
        while at < len(packed):
            if size:
                yield packed[at : at + size]
                at += size
            else:
                number, at = varint(packed, at)
                yield number

    return lambda raw: [decode(number) for packed in _elements(raw) for number in unpacked(packed)]


def _set_of(decode: Decoder) -> Decoder:
    return lambda raw: set(decode(raw))


def _value(raw: Raw) -> Any:
    return decode(_content(raw))


def _map(raw: Raw) -> dict[str, Any]:
    entries = (dict(fields(_content(entry))) for entry in _elements(raw))
    return {_text(entry.get(1, b"")): _value(entry.get(2, b"")) for entry in entries}


def _scalar_map(raw: Raw) -> dict[Any, Any]:
    entries = (dict(fields(_content(entry))) for entry in _elements(raw))
    return {_map_key(entry.get(1, b"")): _value(entry.get(2, b"")) for entry in entries}


def _map_key(raw: Raw) -> Any:
    key = None
    for number, part in fields(_content(raw)):
        key = _MAP_KEYS[number](part)
    return key


_MAP_KEYS: dict[int, Decoder] = dict(
    enumerate([_int32, _int64, _float, _double, _bool, _time, _content, _uuid, _uuid, _decimal], start=1)
)
_texts, _contents = _list_of(_text), _list_of(_content)
_int32s, _int64s, _times = _numbers(_int32, 0), _numbers(_int64, 0), _numbers(_time, 0)
_doubles, _floats, _bools = _numbers(_double, 8), _numbers(_float, 4), _numbers(_bool, 0)
_uuids, _decimals, _values = _list_of(_uuid), _list_of(_decimal), _list_of(_value)

# The field numbers of feast.types.Value. A set inside a set cannot be one in Python: Feast gives lists there.
_VALUES: dict[int, Decoder] = {
    **dict(enumerate([_content, _text, _int32, _int64, _double, _float, _bool, _time], start=1)),
    **dict(enumerate([_contents, _texts, _int32s, _int64s, _doubles, _floats, _bools, _times], start=11)),
    **dict(enumerate([_null, _map, _list_of(_map)], start=19)),
    **dict(enumerate(map(_set_of, [_contents, _texts, _int32s, _int64s, _doubles, _floats, _bools, _times]), start=22)),
    **dict(enumerate([_json, _list_of(_json), _map, _list_of(_map)], start=32)),
    **dict(enumerate([_uuid, _uuid, _uuids, _uuids, _set_of(_uuids), _set_of(_uuids)], start=36)),
    **dict(enumerate([_values, _values, _decimal, _decimals, _set_of(_decimals)], start=42)),
    **dict(enumerate([_scalar_map, _zoned_time], start=47)),
}
