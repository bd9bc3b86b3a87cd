"""The wire format of protobuf (https://protobuf.dev/programming-guides/encoding/), as far as Feast's values need it."""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MASK = (1 << 64) - 1

# What a field holds, before its type is known: a varint, or the bytes of anything else.
Raw = int | bytes


class FormatError(Exception):
    """An item or a value is not as Feast writes it. No prediction can use it. The message quotes nothing of it."""


def fields(data: bytes) -> Iterator[tuple[int, Raw]]:
    """The number and the content of each field of a message.

    Raises:
        FormatError: the message is cut off, or has a field of no known form.
        IndexError: it is cut off within a varint.
    """
    at, end = 0, len(data)
    while at < end:
        tag, at = varint(data, at)
        wire = tag & 7
        if wire == VARINT:
            raw: Raw
            raw, at = varint(data, at)
        else:
            if wire == BYTES:
                size, at = varint(data, at)
            elif wire in (FIXED64, FIXED32):
                size = 8 if wire == FIXED64 else 4
            else:
                raise FormatError(f"wire type {wire}")
            if at + size > end:
                raise FormatError("a value ends too early")
            raw, at = data[at : at + size], at + size
        yield tag >> 3, raw


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a place, without a sign, and the place after it."""
    byte = data[at]
    if byte < 128:
        return byte, at + 1
    value, shift = byte & 127, 7
    while True:
        at += 1
        byte = data[at]
        value |= (byte & 127) << shift
        if byte < 128:
            return value & _MASK, at + 1
        shift += 7
        if shift > 63:
            raise FormatError("a number of more than ten bytes")


def as_varint(value: int) -> bytes:
    """A number of 64 bits; a negative one as its complement, which takes ten bytes."""
    value &= _MASK
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)
