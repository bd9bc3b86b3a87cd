"""Numbers in text: which texts are numbers, and which only look like one."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_UNIT = "[%$€£¥]"
_INFINITE = "(?i:inf|infinity)"
# A code that begins with a zero. One that only looks like a power of ten, such as 1E5, which no program writes.
LEADING_ZERO, POWER = r"^0[0-9]", r"^[0-9]+[eE][0-9]"
# From here on, a float64 cannot tell a whole number from the next one.
LONG = r"^[+-]?[0-9]{16,}$"
EXACT = 2.0**53
# Texts that are numbers of another format, by its decimal sign and that of the thousands.
_HINTS = {
    (".", ","): r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?$",
    (",", "."): r"^[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3}){2,}|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+)$",
    (",", ""): r"^[+-]?[0-9]+,[0-9]+$",
}


@dataclass(frozen=True)
class NumberFormat:
    """The decimal sign of numbers in text, and what stands between their thousands: one sign, or nothing."""

    decimal: str = "."
    thousands: str = ""

    @property
    def usual(self) -> bool:
        return self == NumberFormat()

    @property
    def lines(self) -> str:
        """The lines of [data] that say so."""
        signs = {"thousands": self.thousands, "decimal": self.decimal if self.decimal != "." else ""}
        return " and ".join(f'{key} = "{sign}"' for key, sign in signs.items() if sign)

    @property
    def _number(self) -> str:
        point, whole = re.escape(self.decimal), "[0-9]+"
        if self.thousands:
            whole = rf"(?:[0-9]{{1,3}}(?:{re.escape(self.thousands)}[0-9]{{3}})+|[0-9]+)"
        return rf"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?"

    def parse(self, texts: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
        """Texts as float64, correctly rounded, and a mask of those that are numbers. The others are NaN.

        A number may have a currency sign or a percent sign, which is left out: 12.5 for 12.5%.
        """
        trimmed = pc.utf8_trim_whitespace(texts)
        known = pc.match_substring_regex(trimmed, rf"^[+-]?(?:{_UNIT} ?)?(?:{self._number}|{_INFINITE})(?: ?{_UNIT})?$")
        cells = pc.if_else(known, trimmed, pa.scalar(None, texts.type))
        cells = pc.replace_substring_regex(cells, rf" ?{_UNIT} ?", "")
        if self.thousands:
            cells = pc.replace_substring(cells, self.thousands, "")
        if self.decimal != ".":
            cells = pc.replace_substring(cells, self.decimal, ".")
        return to_floats(cells), pc.fill_null(known, False).to_numpy(zero_copy_only=False)

    def hint(self, distinct: pa.Array) -> "NumberFormat | None":
        """The format in which most of these texts are numbers; None if there is none.

        Only where nothing was said of the format: what was said is right.
        """
        if not self.usual:
            return None
        signs = next((signs for signs, pattern in _HINTS.items() if _share(distinct, pattern) > 0.5), None)
        return signs and NumberFormat(*signs)


def units(texts: pa.ChunkedArray, numbers: np.ndarray) -> set[str]:
    """The currency and percent signs of those texts that are numbers, "" for one without.

    Args:
        numbers: a mask of the texts that are numbers.
    """
    return set(
        pc.unique(pc.replace_substring_regex(texts.filter(pa.array(numbers)), rf"[^{_UNIT[1:]}", "")).to_pylist()
    )


def to_floats(cells: pa.ChunkedArray) -> np.ndarray:
    """Arrow numbers, or texts that are numbers, as float64; missing cells as NaN.

    A decimal number becomes the float64 that is nearest to it, as its text does.
    """
    if pa.types.is_decimal(cells.type):
        cells = pc.cast(cells, pa.string())
    return np.asarray(pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype="float64")


def is_inexact(numbers: np.ndarray) -> bool:
    """Whether there may be whole numbers that float64 cannot tell from the next one."""
    with np.errstate(invalid="ignore"):
        return bool((np.abs(numbers) >= EXACT).any())


def has(texts: pa.ChunkedArray, pattern: str) -> bool:
    """Whether a text matches a pattern."""
    return bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py())


def first(texts: pa.ChunkedArray, pattern: str) -> str:
    """The first text that matches a pattern; there must be one."""
    return str(texts.filter(pc.match_substring_regex(texts, pattern))[0].as_py())


def _share(distinct: pa.Array, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(pc.utf8_trim_whitespace(distinct), pattern)).as_py() or 0.0)
