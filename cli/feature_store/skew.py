"""What a run of the feature workflow has found of skew, for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Column

from cli.console import PlainTable
from evergreen.number_text import counted, number


def skew_words(skew: Mapping[str, Any]) -> str:
    """One sentence.

    Args:
        skew: of the workflow's result.
    """
    if not skew["rows"]:
        return "skew: no predictions with stored features have come in since the last run"
    compared = f"skew: {counted(skew['rows'], 'row')} of predictions compared"
    late = f"; {number(skew['late'])} got older values than should be online" if skew["late"] else ""
    if not skew["differences"]:
        return f"{compared}, every value is that of the history{late}"
    return f"{compared}, {counted(skew['differences'], 'value')} not in the history{late}"


def skew_table(named: Sequence[Mapping[str, Any]]) -> PlainTable:
    """The differences that the result names."""
    # Nothing is cut off, however narrow the terminal is.
    titles = ("Feature", "Entity", "Event", "Served", "History")
    table = PlainTable(*(Column(title, overflow="fold") for title in titles))
    for each in named:
        table.add_row(
            f"{each['view']}: {each['feature']}",
            ", ".join(f"{name} {value}" for name, value in each["entity"].items()),
            f"{datetime.fromisoformat(each['event']):%Y-%m-%d %H:%M:%S}",
            _shown(each["served"]),
            _shown(each["history"]) if each["known"] else "has no such event",
        )
    return table


def _shown(value: Any) -> str:
    return "missing" if value is None else str(value)
