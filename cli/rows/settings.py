"""How a file of rows is written: as the table that the model was trained on."""

from pathlib import Path
from typing import Annotated, Any

import typer

from evergreen.contract.cells import MISSING
from evergreen.errors import InvalidSettings
from evergreen.settings.sections import DataSettings

SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", help="The model.toml whose [data] says how the file is written. Else this folder's."),
]
Rejected = Annotated[
    Path | None, typer.Option(help="Write the rows that were not taken here, as CSV: line, reason, the row.")
]


def table_settings(file: Path | None, model: dict[str, Any]) -> DataSettings:
    """The [data] of a model.toml: the one named, else that of the current folder, else what holds without any.

    Args:
        model: the answer of GET /model.

    Raises:
        InvalidSettings: the file cannot be used, or is of another model.
    """
    from evergreen.settings.model_toml import read_settings

    file = file or Path("model.toml")
    if file == Path("model.toml") and not file.exists():
        marks = model["contract"].get("missing")
        return DataSettings(path="", target="", missing=list(MISSING if marks is None else marks))
    settings = read_settings(file)
    if settings.name != model["name"]:
        raise InvalidSettings(
            f"{file} is of the model {settings.name!r}, and the endpoint serves {model['name']!r}, whose tables may be "
            "written in another way. Name its model.toml with --settings"
        )
    return settings.data
