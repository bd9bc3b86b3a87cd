"""Reads the body of a request: JSON, strictly, within limits that are the same for every model."""

import base64
import json
import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from evergreen.quoting import cut, quoted
from functions.predict.answers import TITLES

# The largest body, in bytes. Lambda itself accepts six times as much.
MAX_BODY_BYTES = 1_000_000
# Rows or labels in one request. A row takes 0.1 ms of a whole core, of which the function has a third: the answer stays
# far within its time limit.
MAX_ROWS = 1000
# Objects and lists within each other. A valid request has three. Python's own reader gives up near a thousand, where
# exactly differs between versions.
MAX_DEPTH = 20

# What changes the depth of a document, once its strings are gone.
_STEPS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_NO_MARKS = bytes(set(range(256)) - _STEPS.keys() - {ord('"')})
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"?')


class MalformedRequest(Exception):
    """The body is not what the route takes, whatever the model. Maps to 400, or to `status`.

    Attributes:
        quotes: the sentence quotes the body, and so is answered but not recorded.
    """

    def __init__(self, detail: str, *, status: int = 400, quotes: bool = False) -> None:
        super().__init__(detail)
        self.status = status
        self.title = TITLES[status]
        self.quotes = quotes


def read_json(event: dict[str, Any], *, nan_is_null: bool = False) -> Any:
    """The JSON document in the body of an HTTP API event; its content type is not asked for.

    Args:
        nan_is_null: NaN, which is no JSON, stands for a missing number.

    Raises:
        MalformedRequest: too large (413), compressed (415), nested too deeply, or not JSON in UTF-8. A key that
            stands twice in one object, NaN and Infinity are refused too: each reader would make something else of them.
    """
    encoding = (event.get("headers") or {}).get("content-encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise MalformedRequest(f"the body is compressed ({cut(encoding)}): send it as it is", status=415, quotes=True)
    raw = read_bytes(event)
    if not raw.strip():
        raise MalformedRequest("the body is empty")
    return parse(raw, "the body", nan_is_null=nan_is_null)


def parse(raw: bytes, what: str, *, nan_is_null: bool = False) -> Any:
    """
    Args:
        what: for messages.

    Raises:
        MalformedRequest: as read_json, but for its size.
    """
    if _depth(raw) > MAX_DEPTH:
        raise MalformedRequest(f"{what} is nested more than {MAX_DEPTH} levels deep: a row is a flat object")
    try:
        document = json.loads(
            raw.decode(), object_pairs_hook=_unique, parse_constant=_nan if nan_is_null else _no_constant
        )
        if b"\\ud" in raw.lower():
            # Half of a surrogate pair is valid JSON, but not valid text: it could not be recorded.
            json.dumps(document, ensure_ascii=False).encode()
        return document
    except UnicodeError as error:
        raise MalformedRequest(f"{what} is not UTF-8: {error}", quotes=True) from error
    except ValueError as error:
        raise MalformedRequest(f"{what} is not JSON: {error}") from error


def read_bytes(event: Mapping[str, Any]) -> bytes:
    """The body of an HTTP API event.

    Raises:
        MalformedRequest: too large (413), or text that is none.
    """
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except ValueError as error:
        raise MalformedRequest(f"the body is not UTF-8: {error}", quotes=True) from error
    if len(raw) > MAX_BODY_BYTES:
        raise MalformedRequest(f"the body has {len(raw)} bytes, the limit is {MAX_BODY_BYTES}", status=413)
    return bytes(raw)


def _depth(raw: bytes) -> int:
    """How deep a document is nested at most, before anything has to follow it down. Of what is no JSON, any number."""
    opened = raw.count(b"{") + raw.count(b"[")
    # That of one row, which need not be looked through.
    if opened <= MAX_DEPTH:
        return opened
    marks = _STRING.sub(b"", _ESCAPE.sub(b"", raw).translate(None, _NO_MARKS))
    return max(accumulate(map(_STEPS.__getitem__, marks)), default=0)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise MalformedRequest(f"the name {quoted(name)} stands twice in one object", quotes=True)
            seen.add(name)
    return document


def _nan(word: str) -> None:
    if word != "NaN":
        _no_constant(word)


def _no_constant(word: str) -> None:
    raise MalformedRequest(f"{word} is not JSON: a missing number is null")
