"""Prints the reference of model.toml, from the code of the settings: python -m cli.reference > docs/model-toml.md"""

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Iterator
from typing import Any

from evergreen.metrics import examples
from evergreen.settings.sections import TASKS, EstimatorSettings, ModelSettings
from training.fitting.automatic import Described, described

_HEAD = """# model.toml

Written by `python -m cli.reference > docs/model-toml.md`; a test keeps it up to date. A wrong key or value is refused
before anything is started; the message names its line and the nearest valid one.
"""
_AUTOMATIC = """## Estimators

What `auto` in `[preprocessing]` does for each `[estimator] type`, step by step, and the class that is fitted, with the
parameters that differ from scikit-learn's own defaults; those in `[estimator] parameters` come on top. `seed` is the
one above the first section. `categorical_features` are positions: the preprocessing puts the categories first.
"""
_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", list: "list", dict: "table"}


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD, *_sections(ModelSettings, ""), _AUTOMATIC, "\n\n".join(map(_estimators, TASKS))]) + "\n"


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
        some = "Any of" if typing.get_type_hints(cls)[item.name] == list[str] else "One of"
        words += f" {some} {', '.join(f'`{choice}`' for choice in choices)}."
    if (cls, item.name) == (ModelSettings, "metric"):
        for task in TASKS:
            words += f" {task.capitalize()}: {', '.join(f'`{name}`' for name in examples(task))}."
    if (cls, item.name) == (EstimatorSettings, "type"):
        words += " One of those below."
    return words


def _estimators(task: str) -> str:
    """The estimators of a task; a column for each group of features that one of them prepares in its own way."""
    pipelines = described(task)
    groups = list(dict.fromkeys(group for pipeline in pipelines for group in pipeline.steps))
    lines = [
        f"| {task} | fitted | {' | '.join(groups)} |",
        "|---" * (2 + len(groups)) + "|",
        *(_estimator(pipeline, groups) for pipeline in pipelines),
    ]
    return "\n".join(lines)


def _estimator(pipeline: Described, groups: list[str]) -> str:
    cells = [_steps(pipeline.steps[group]) if group in pipeline.steps else "" for group in groups]
    return f"| `{pipeline.estimator}` | `{pipeline.final}` | {' | '.join(cells)} |"


def _steps(steps: list[str]) -> str:
    return ", ".join(f"`{step}`" for step in steps) or "as it is"


if __name__ == "__main__":
    print(page(), end="")
