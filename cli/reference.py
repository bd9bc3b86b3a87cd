"""Prints the reference of model.toml, from the code of the settings: python -m cli.reference > docs/model-toml.md"""

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Iterator
from typing import Any

from evergreen.metrics import examples
from evergreen.settings.sections import ESTIMATORS, TASKS, EstimatorSettings, ModelSettings

_HEAD = """# model.toml

Written by `python -m cli.reference > docs/model-toml.md`; a test keeps it up to date. A wrong key or value is refused
before anything is started; the message names its line and the nearest valid one.
"""
_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", list: "list", dict: "table"}


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD, *_sections(ModelSettings, ""), _estimators()]) + "\n"


def _sections(cls: type, name: str) -> Iterator[str]:
    kinds = typing.get_type_hints(cls)
    lines = [f"## {f'[{name}]' if name else 'Above the first section'}", "", str(inspect.getdoc(cls)), ""]
    lines += ["| key | type | default | |", "|---|---|---|---|"]
    nested = []
    for item in dataclasses.fields(cls):
        if dataclasses.is_dataclass(kinds[item.name]):
            nested.append(item.name)
        else:
            lines.append(f"| `{item.name}` | {_type(kinds[item.name])} | {_default(item)} | {_words(cls, item)} |")
    yield "\n".join([*lines, ""])
    for key in nested:
        yield from _sections(kinds[key], key)


def _type(type_: Any) -> str:
    if isinstance(type_, types.UnionType):
        return " or ".join(map(_type, typing.get_args(type_)))
    return "list of texts" if type_ == list[str] else _TYPES[typing.get_origin(type_) or type_]


def _default(item: dataclasses.Field[Any]) -> str:
    if item.default_factory is not dataclasses.MISSING:
        listed = item.default_factory()
        return f"`{json.dumps(listed)}`" if listed and isinstance(listed, list) else ""
    if item.default is dataclasses.MISSING:
        return "required"
    if isinstance(item.default, bool):
        return f"`{str(item.default).lower()}`"
    return f"`{item.default}`" if item.default != "" else ""


def _words(cls: type, item: dataclasses.Field[Any]) -> str:
    words: str = item.metadata["says"]
    if choices := item.metadata["choices"]:
        words += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    if (cls, item.name) == (ModelSettings, "metric"):
        for task in TASKS:
            words += f" {task.capitalize()}: {', '.join(f'`{name}`' for name in examples(task))}."
    if (cls, item.name) == (EstimatorSettings, "type"):
        words += " One of those below."
    return words


def _estimators() -> str:
    lines = ["## Estimators", "", "| task | `[estimator] type` |", "|---|---|"]
    lines += [f"| {task} | {', '.join(f'`{name}`' for name in ESTIMATORS[task])} |" for task in TASKS]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
