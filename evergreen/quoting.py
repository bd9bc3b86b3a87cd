"""How text that is not ours is quoted in a message: cut, and on one line.

What shows the message must still escape what is markup there.
"""

import json
from collections.abc import Mapping
from typing import Any

# Of a value or a name in a message.
_CHARACTERS = 60
# A value that fewer rows have may tell of one person. What is kept of many rows, such as a report, does not quote it.
FEWEST_ROWS = 10
# How the report calls all such values of a column together.
OTHERS = "(others)"


def quoted(text: str) -> str:
    """A text in quotation marks, its control characters and ends of lines as escapes."""
    return repr(cut(text))


def line(text: str) -> str:
    """A text as part of a line: without quotation marks where it needs none."""
    return cut(text) if text.isprintable() else quoted(text)


def shown(value: Any) -> str:
    """A value as it can be quoted in a message: its JSON, cut to 60 characters."""
    if isinstance(value, Mapping | list | tuple):
        return f"{kind_of(value)} of length {len(value)}"
    if isinstance(value, str):
        value = value[: _CHARACTERS + 1]
    return cut(json.dumps(value, ensure_ascii=False, default=str))


def cut(text: str) -> str:
    """A text, or its beginning and three dots, of 60 characters in all."""
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 3]}..."


def kind_of(value: Any) -> str:
    """What a JSON value is, without what it says."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else "a number"
