"""Reads a dashboard as the foundation SDK's types, which are Grafana's schema, and writes it again.

What the types do not know is lost on the way, and what has another type than theirs is said. The SDK's own environment
runs it.
"""

import json
import sys
from collections.abc import Iterator
from enum import Enum
from types import NoneType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

SDK = "grafana_foundation_sdk."


def main() -> None:
    register_default_plugins()
    read = Dashboard.from_json(json.load(sys.stdin))
    if found := [*faults(read, Dashboard, "dashboard")]:
        sys.exit("\n".join(found))
    sys.stdout.write(JSONEncoder(sort_keys=True, indent=1).encode(read) + "\n")


def faults(value: Any, hint: Any, path: str) -> Iterator[str]:
    """What of a value is not of its type; the SDK itself takes anything."""
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(value, dict) and hasattr(hint, "from_json"):
        # The SDK leaves the objects of some lists as they are.
        read = hint.from_json(value)
        yield from (f"{path}.{key} is not known" for key in value.keys() - read.to_json().keys())
        yield from _of_attributes(read, path)
    elif origin is Union:
        found = [[*faults(value, each, path)] for each in arguments if each is not NoneType]
        if all(found) and not (value is None and NoneType in arguments):
            yield from min(found, key=len)
    elif hint in (Any, object):
        if type(value).__module__.startswith(SDK):
            yield from _of_attributes(value, path)
    elif origin is Literal:
        if value not in arguments:
            yield f"{path} is {value!r}, not one of {arguments}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path} is {value!r}, not a list"
            return
        for number, each in enumerate(value):
            yield from faults(each, arguments[0], f"{path}[{number}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{path} is {value!r}, not an object"
            return
        for key, each in value.items():
            yield from faults(each, arguments[1], f"{path}.{key}")
    elif isinstance(hint, type) and issubclass(hint, Enum):
        if value not in {each.value for each in hint} | set(hint):
            yield f"{path} is {value!r}, none of {hint.__name__}"
    elif hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{path} is {value!r}, not a number"
    elif not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        yield f"{path} is {value!r}, not of type {hint}"
    elif type(value).__module__.startswith(SDK):
        yield from _of_attributes(value, path)


def _of_attributes(value: Any, path: str) -> Iterator[str]:
    for name, hint in get_type_hints(type(value)).items():
        yield from faults(getattr(value, name), hint, f"{path}.{name}")


if __name__ == "__main__":
    main()
