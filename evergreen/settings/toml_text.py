"""Names and texts as model.toml has them, where a message or `evergreen init` writes a line of it."""

import json
import re


def text(value: str) -> str:
    """A basic string of TOML. JSON's form of it differs in one character, which TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """A name as a key of TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else text(name)
