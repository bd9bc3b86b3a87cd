"""Reads and checks model.toml. Every message names the line and the valid values."""

import tomllib
from pathlib import Path

from evergreen.errors import InvalidSettings
from evergreen.settings.checks import Checks
from evergreen.settings.reader import Reader
from evergreen.settings.sections import ModelSettings


def read_settings(path: Path) -> ModelSettings:
    """Read and check a model.toml.

    Raises:
        InvalidSettings: the file is missing, is not TOML, or has an unknown key or a wrong value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InvalidSettings(f"{path}: there is no such file. Run the command in the folder of model.toml") from error
    except UnicodeDecodeError as error:
        raise InvalidSettings(f"{path}: is not UTF-8 text: {error}") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"{path}: is not TOML: {error}") from error
    reader = Reader(path.name, text)
    settings: ModelSettings = reader.read(ModelSettings, table, section="")
    Checks(reader).check(settings)
    return settings
