"""The id of an entity in Feast's online table: the hash of its join keys, serialised as Feast serialises them.

    entity_id([Typed("city", "string")], {"city": "Köln"})   # "17656a385e331ee81d94f20e197e8974"

Feast promises none of this; it is so from Feast 0.38 to 0.67 (feast/infra/key_encoding_utils.py).
"""

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from evergreen.feature_store.murmur3 import murmur3
from evergreen.feature_store.views import Typed

KeyValue = str | int | bytes | datetime

# `entity_key_serialization_version` of the store. 3 has the number of names and the length of each, 2 has neither.
KEY_VERSIONS = (2, 3)

# Numbers of ValueType in feast/protos/feast/types/Value.proto.
_STRING = 2
_TYPES = {"bytes": 1, "string": _STRING, "int32": 3, "int64": 4, "unix_timestamp": 8}
_INTEGERS = {"int32": ("<i", 31), "int64": ("<q", 63), "unix_timestamp": ("<q", 63)}


class WrongKey(Exception):
    """An entity row lacks a join key, or has a value of another type there. The caller must send another.

    Attributes:
        key: the name of the join key.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key} {message}")
        self.key = key


def entity_id(keys: Sequence[Typed], row: Mapping[str, KeyValue], *, version: int = 3) -> str:
    """The hash key of an entity's item: 32 hexadecimal digits.

    Args:
        keys: the join keys of a view, in any order.
        row: a value for each of them; others are not looked at.

    Raises:
        WrongKey: a join key is missing in the row, or its value is of another type.
    """
    return murmur3(serialised_key(keys, row, version=version)).hex()


def serialised_key(keys: Sequence[Typed], row: Mapping[str, KeyValue], *, version: int = 3) -> bytes:
    """An entity row as Feast serialises it: the names in the order of the alphabet, then their values.

    Raises:
        WrongKey: a join key is missing in the row, or its value is of another type.
    """
    if version not in KEY_VERSIONS:
        raise ValueError(f"entity keys are read in versions 2 and 3, not {version}")
    ordered = sorted(keys, key=lambda key: key.name)
    parts = [struct.pack("<I", len(ordered))] if version == 3 else []
    for key in ordered:
        name = key.name.encode()
        parts += [struct.pack("<I", _STRING), struct.pack("<I", len(name)) if version == 3 else b"", name]
    for key in ordered:
        if key.name not in row:
            raise WrongKey(key.name, "is missing")
        content = _content(key, row[key.name])
        parts.append(struct.pack("<II", _TYPES[key.type], len(content)) + content)
    return b"".join(parts)


def _content(key: Typed, value: KeyValue) -> bytes:
    if key.type == "string" and isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise WrongKey(key.name, "is no valid text") from error
    if key.type == "bytes" and isinstance(value, bytes):
        return value
    if key.type == "unix_timestamp" and isinstance(value, datetime):
        value = seconds(value)
    if key.type in _INTEGERS and isinstance(value, int) and not isinstance(value, bool):
        code, bits = _INTEGERS[key.type]
        if -(1 << bits) <= value < 1 << bits:
            return struct.pack(code, value)
    raise WrongKey(key.name, f"must be of type {key.type}")


def seconds(moment: datetime) -> int:
    """A moment as Feast stores it: fractions are cut off towards zero."""
    return int(zoned(moment).timestamp())


def zoned(moment: datetime) -> datetime:
    """A moment without a zone is UTC everywhere in Feast."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
