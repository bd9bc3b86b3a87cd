"""Numbers written for people: four digits, thousands apart, shares in percent. Every message writes them by these."""

import math


def number(value: float) -> str:
    """12,346 for 12345.6, 0.0712 for 0.071234; a whole number keeps all its digits, and a year has no comma."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else f"{value:g}"
    whole = value == int(value)
    if abs(value) >= 1e15 or (0 < abs(value) < 1e-4):
        return f"{value:.3e}"
    if whole or abs(value) >= 1000:
        rounded = round(value)
        return f"{rounded:,d}" if abs(rounded) >= 10_000 else f"{rounded:d}"
    return f"{value:.4g}"


def apart(*values: float) -> tuple[str, ...]:
    """The texts of numbers that are read side by side: exact ones where rounded ones would hide a difference."""
    texts = tuple(map(number, values))
    return texts if len(set(texts)) == len(set(values)) else tuple(map(repr, values))


def percent(share: float) -> str:
    """7.52% for 0.075189, 1250% for 12.5."""
    return f"{_three_digits(100 * share)}%"


def points(share: float) -> str:
    """A difference of two shares in percentage points: 4.68 points for 0.0468."""
    text = _three_digits(100 * share)
    return f"{text} point" if text in ("1", "-1") else f"{text} points"


def _three_digits(value: float) -> str:
    return number(value) if abs(value) >= 100 or not math.isfinite(value) else f"{value:.3g}"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent; what is not 0 never reads 0%, and what is not all never reads 100%."""
    if not whole or not part:
        return "0%"
    if part == whole:
        return "100%"
    percent = 100 * part / whole
    if percent < 0.1:
        return "< 0.1%"
    return "> 99.9%" if percent > 99.9 else f"{percent:.1f}%"


def counted(count: int, noun: str) -> str:
    """1 row, 2 rows."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"
