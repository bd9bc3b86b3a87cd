"""Fills the dataclasses of the sections from a TOML table."""

import dataclasses
import difflib
import re
import types
import typing
from typing import Any

from evergreen.errors import InvalidSettings


class Reader:
    """Fills the dataclasses from a TOML table. Every message names the file, the line and the valid values."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()

    def read(self, cls: type, table: dict[str, Any], *, section: str) -> Any:
        kinds = typing.get_type_hints(cls)
        for key in table:
            if key not in kinds:
                nearest = difflib.get_close_matches(key, kinds, n=1) or [", ".join(kinds)]
                raise self.error(section, key, f"unknown key; did you mean {nearest[0]}?")
        for item in dataclasses.fields(cls):
            required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
            if required and item.name not in table:
                raise self.error(section, item.name, "is missing")
        values = {key: self._value(kinds[key], value, section, key) for key, value in table.items()}
        for item in dataclasses.fields(cls):
            if item.name in values and (choices := item.metadata.get("choices")):
                for value in values[item.name] if isinstance(values[item.name], list) else [values[item.name]]:
                    self.check_choice(section, item.name, value, choices)
        return cls(**values)

    def _value(self, kind: Any, value: Any, section: str, key: str) -> Any:
        if dataclasses.is_dataclass(kind):
            if not isinstance(value, dict):
                raise self.error(section, key, f"must be a section, written [{key}]")
            return self.read(typing.cast(type, kind), value, section=key)
        if isinstance(kind, types.UnionType):
            kinds = typing.get_args(kind)
            fitting = [each for each in kinds if _is_of(value, typing.get_origin(each) or each)]
            if not fitting:
                either = " or ".join(_TOML_TYPES[typing.get_origin(each) or each] for each in kinds)
                raise self.error(section, key, f"must be {either}, got {value!r}")
            kind = fitting[0]
        origin = typing.get_origin(kind) or kind
        if origin is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not _is_of(value, origin):
            raise self.error(section, key, f"must be {_TOML_TYPES[origin]}, got {value!r}")
        if kind == list[str] and not all(isinstance(entry, str) for entry in value):
            raise self.error(section, key, f"must be a list of text, got {value!r}")
        return value

    def check_choice(self, section: str, key: str, value: str, choices: typing.Iterable[str]) -> None:
        if value not in choices:
            raise self.error(section, key, f"must be one of {', '.join(choices)}, got {value!r}")

    def error(self, section: str, key: str, problem: str) -> InvalidSettings:
        name = f"{section}.{key}" if section else key
        return InvalidSettings(f"{self._file}{self._line(section, key)}: {name}: {problem}")

    def _line(self, section: str, key: str) -> str:
        """The line of a key, as ':12'; empty if the key is not there."""
        current = ""
        for place, line in enumerate(self._lines, 1):
            if header := re.match(r"\s*\[([^\]]+)\]", line):
                current = header[1].strip()
                if not section and current == key:
                    return f":{place}"
            elif current == section and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
                return f":{place}"
        return ""


def _is_of(value: Any, kind: type) -> bool:
    """Whether a value of TOML is of a kind; a whole number is a number too."""
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float if kind is float else kind)


_TOML_TYPES = {
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
    bool: "a boolean",
}
