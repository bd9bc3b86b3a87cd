"""Texts that the model card and the data sheet share."""

from typing import Any

from evergreen.number_text import counted
from evergreen.settings.sections import ModelSettings
from training.documents.document import Statement, first

_NAMED_COLUMNS = 20


def statement(settings: ModelSettings, section: str, heading: str, key: str) -> Statement:
    """The statement that the key of a section of model.toml, "card" or "sheet", holds."""
    return Statement(heading=heading, text=getattr(getattr(settings, section), key), section=section, key=key)


def dropped_rows(summary: dict[str, Any]) -> str:
    """How many rows Prepare dropped, by the reason.

    Args:
        summary: the content of summary.json.
    """
    return (
        "; ".join(f"{why}: {counted(count, 'row')}" for why, count in summary["dropped"].items() if count) or "no row"
    )


def left_out_columns(settings: ModelSettings) -> str:
    """Names of the columns that model.toml leaves out."""
    return first(settings.data.leave_out, _NAMED_COLUMNS) or "no column"
