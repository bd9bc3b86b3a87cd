"""Tensors of the Open Inference Protocol: what is in one, as JSON or as bytes that follow the JSON."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evergreen.quoting import cut, quoted, shown
from functions.predict.body import MAX_BODY_BYTES, MalformedRequest, parse, read_bytes

BOOL, BYTES, FP64 = "BOOL", "BYTES", "FP64"
INTEGERS = ("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64")
FLOATS = ("FP16", "FP32", FP64)
# Of Python's struct, by the datatype.
_CODES = dict(zip((BOOL, *INTEGERS, *FLOATS), "?bhiqBHIQefd", strict=True))
_EXPECTED = {BOOL: "true or false", BYTES: "text", **dict.fromkeys(INTEGERS, "a whole number")}
_IS = {BOOL: lambda value: value.__class__ is bool, BYTES: lambda value: value.__class__ is str}
_IS |= dict.fromkeys(INTEGERS, lambda value: value.__class__ is int)
_IS |= dict.fromkeys(FLOATS, lambda value: value.__class__ in (int, float))
# In the header of a request, how many bytes of its body are JSON.
HEADER = "inference-header-content-length"
_DIGITS = len(str(MAX_BODY_BYTES))
_SIZE, _CONTENT = "binary_data_size", "content_type"


@dataclass(frozen=True)
class Tensor:
    """
    Attributes:
        values: one a row; None where the value is missing.
    """

    name: str
    datatype: str
    values: Sequence[Any]


def split(event: Mapping[str, Any], header: str) -> tuple[dict[str, Any], bytes]:
    """A request whose body is JSON alone, and the bytes that followed.

    Args:
        header: HEADER's value.

    Raises:
        MalformedRequest: the header is no number, or the body is shorter; as read_bytes too.
    """
    raw = read_bytes(event)
    if not (header.isascii() and header.isdigit()) or len(header) > _DIGITS or int(header) > len(raw):
        raise MalformedRequest(f"Inference-Header-Content-Length must be at most the body's {len(raw)} bytes")
    end = int(header)
    return {**event, "body": base64.b64encode(raw[:end]).decode(), "isBase64Encoded": True}, raw[end:]


def read(inputs: Any, following: bytes) -> list[Tensor]:
    """
    Args:
        inputs: of the request.
        following: the bytes behind the JSON.

    Raises:
        MalformedRequest: they are no tensors of one value a row.
    """
    if not isinstance(inputs, list) or not inputs:
        raise MalformedRequest('"inputs" must be a list of tensors, one for each feature')
    # Views: a copy of the rest for each of thousands of tensors or texts would take longer than the function may.
    left, tensors = memoryview(following), []
    for place, each in enumerate(inputs):
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise MalformedRequest(f"inputs[{place}] must be an object with name, shape, datatype and data")
        parameters = each.get("parameters") or {}
        if not isinstance(parameters, dict):
            raise _wrong(each["name"], "parameters must be an object")
        count = _rows(each)
        if _SIZE in parameters:
            size = parameters[_SIZE]
            if size.__class__ is not int or not 0 <= size <= len(left):
                raise _wrong(each["name"], f"{_SIZE} must be at most the {len(left)} bytes that are left")
            values, left = _unpacked(each, count, left[:size]), left[size:]
        else:
            values = _listed(each, count)
        tensors.append(Tensor(each["name"], each["datatype"], _as_meant(each["name"], values, parameters)))
    if left:
        raise MalformedRequest(f"{len(left)} bytes follow the last tensor")
    return tensors


def _rows(tensor: Mapping[str, Any]) -> int:
    shape, datatype = tensor.get("shape"), tensor.get("datatype")
    if not isinstance(datatype, str) or (datatype != BYTES and datatype not in _CODES):
        raise _wrong(tensor["name"], f"datatype must be one of {', '.join([*_CODES, BYTES])}, got {shown(datatype)}")
    if (
        not isinstance(shape, list)
        or not all(size.__class__ is int and size >= 0 for size in shape)
        or len(shape) not in (1, 2)
        or shape[1:] not in ([], [1])
    ):
        raise _wrong(tensor["name"], f"shape must be [n] or [n, 1], one value a row, got {shown(shape)}")
    return int(shape[0])


def _listed(tensor: Mapping[str, Any], count: int) -> list[Any]:
    data = tensor.get("data")
    if not isinstance(data, list):
        raise _wrong(tensor["name"], "data must be a list")
    if data and all(isinstance(value, list) and len(value) == 1 for value in data):
        data = [value for (value,) in data]
    if len(data) != count:
        raise _wrong(tensor["name"], f"its shape says {count} values, and data has {len(data)}")
    fits = _IS[tensor["datatype"]]
    for place, value in enumerate(data):
        if value is not None and not fits(value):
            expected = _EXPECTED.get(tensor["datatype"], "a number")
            raise _wrong(tensor["name"], f"data[{place}] must be {expected} or null, got {shown(value)}")
    return data


def _unpacked(tensor: Mapping[str, Any], count: int, raw: memoryview) -> list[Any]:
    """Little-endian values; a text is its length in four bytes, and then itself in UTF-8."""
    values: list[Any] = []
    if tensor["datatype"] == BYTES:
        start = 0
        try:
            while start < len(raw):
                (length,) = struct.unpack_from("<I", raw, start)
                start += 4
                if length > len(raw) - start:
                    raise _wrong(tensor["name"], "a text is longer than its bytes")
                values.append(str(raw[start : start + length], "utf-8"))
                start += length
        except (struct.error, UnicodeError) as error:
            raise _wrong(tensor["name"], f"its bytes are not texts: {error}") from error
    else:
        code = _CODES[tensor["datatype"]]
        size = struct.calcsize(f"<{code}")
        values = list(struct.unpack(f"<{len(raw) // size}{code}", raw[: len(raw) // size * size]))
        if len(raw) % size:
            raise _wrong(tensor["name"], f"its {len(raw)} bytes are no whole number of values")
    if len(values) != count:
        raise _wrong(tensor["name"], f"its shape says {count} values, and its bytes hold {len(values)}")
    return [None if value != value else value for value in values]


def _as_meant(name: str, values: list[Any], parameters: Mapping[str, Any]) -> list[Any]:
    """What codecs of MLServer's have put into texts."""
    content = parameters.get(_CONTENT)
    try:
        if content == "pd_json":
            return [_json(name, value) if isinstance(value, str) else value for value in values]
        if content == "base64":
            return [base64.b64decode(value, validate=True).decode() if value else value for value in values]
    except (ValueError, TypeError) as error:
        raise _wrong(
            name, f"a value is not what content_type {quoted(str(content))} says: {cut(str(error))}"
        ) from error
    return values


def _json(name: str, text: str) -> Any:
    try:
        return parse(text.encode(), "a value", nan_is_null=True)
    except MalformedRequest as error:
        raise _wrong(name, str(error)) from error


def _wrong(name: str, what: str) -> MalformedRequest:
    return MalformedRequest(f"the tensor {quoted(name)}: {what}", quotes=True)
