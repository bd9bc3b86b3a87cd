"""How a field of a section is described."""

from collections.abc import Sequence
from typing import Any


def says(sentence: str, choices: Sequence[str] = ()) -> dict[str, Any]:
    """Metadata of a field: its sentence on the reference page, and its allowed values, if they are limited."""
    return {"says": sentence, "choices": tuple(choices)}
