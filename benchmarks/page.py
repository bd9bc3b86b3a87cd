"""Builds the Markdown pages of all benchmarks."""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Results = Mapping[str, Any]
Lines = list[str]


def page(
    introduction: str,
    results: Results,
    *,
    goals: Iterable[Sequence[str]],
    sections: Mapping[str, Sequence[Callable[[Any], Lines]]],
) -> str:
    """A page: the introduction, the machine, the goals, and a section for each figure that the run has.

    Args:
        goals: rows as `goal` makes them.
        sections: functions that write a figure's sections, by the figure's name in the results.
    """
    lines = [introduction, "| | |", "|---|---|"]
    lines += [
        f"| {name} | {f'`{value}`' if name == 'command' else value} |" for name, value in results["machine"].items()
    ]
    if rows := list(goals):
        lines += ["", "## Goals", "", *table(["", "goal", "measured", ""], rows)]
    for name, writers in sections.items():
        for write in writers if name in results else ():
            lines += ["", *write(results[name])]
    if missing := results.get("missing"):
        lines += ["", "## Not measured", ""]
        lines += [f"- {name}: {' '.join(reason.split())[:300]}" for name, reason in missing.items()]
    return "\n".join(lines) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    """A table. The first column is text, the others are right-aligned figures."""
    rule = "|---|" + "---:|" * (len(header) - 1)
    return [f"| {' | '.join(header)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)]


def prose(text: str) -> Lines:
    """A paragraph, wrapped like the other documents, and the blank line after it."""
    return [*textwrap.wrap(" ".join(text.split()), 118, break_long_words=False, break_on_hyphens=False), ""]


def goal(what: str, asked: str, measured: str, held: bool) -> Lines:
    """A row of the table of goals."""
    return [what, asked, measured, "held" if held else "**missed**"]
