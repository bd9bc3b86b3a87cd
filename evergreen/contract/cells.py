"""How the text of a cell is read: once, for a training table, a file of rows, a request and a label.

Blanks around a text are no part of it, and a mark for "missing" is no text.
"""

from typing import Any

# What a missing cell says unless [data] missing says otherwise: the marks of pandas.
MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)
FALSE, TRUE = "false", "true"
BOOLEANS = frozenset((FALSE, TRUE))


def boolean(value: Any) -> Any:
    """True and "True" as "true", and likewise false; everything else as it is."""
    if value is True or value is False:
        return TRUE if value else FALSE
    if isinstance(value, str) and value.lower() in BOOLEANS:
        return value.lower()
    return value


def label(value: Any) -> Any:
    """A label in its one spelling: "1" for 1, 1.0 and "1.0", "true" for True; another text without blanks around it.

    What can be no label is returned as it is.
    """
    if isinstance(value, bool):
        return boolean(value)
    if isinstance(value, str):
        text = value.strip()
        try:
            return _number(float(text)) if _is_decimal(text) else boolean(text)
        except OverflowError:
            return text
    if isinstance(value, int | float):
        try:
            return _number(float(value))
        except (OverflowError, ValueError):
            return value
    return value


def _is_decimal(text: str) -> bool:
    """Whether a text is a number with decimals. Whole numbers stay as they are: they may be codes, like 007."""
    whole, point, decimals = text.removeprefix("-").partition(".")
    return bool(point) and (whole + decimals).isascii() and (whole + decimals).isdigit()


def _number(value: float) -> str:
    """
    Raises:
        OverflowError, ValueError: it is not finite.
    """
    return str(int(value)) if value == int(value) else repr(value)
