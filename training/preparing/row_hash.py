"""A hash of a row's content that does not depend on the process, the release, or the order of rows and columns.

A text is hashed by BLAKE2b to 64 bits; a number is the bits of its float64. Each is mixed with the hash of the column's
name by the finaliser of SplitMix64 (Steele, Lea and Flood 2014). The sum over the columns is mixed again.
"""

from hashlib import blake2b

import numpy as np
import pandas as pd

from training.reading.dates import is_date, seconds_of

# The values of missing cells.
_NO_NUMBER = np.float64("nan").view(np.uint64)
_NO_TEXT = np.uint64(0)


def hash_rows(rows: pd.DataFrame) -> np.ndarray:
    """One uint64 per row of float64, moments and text. Equal rows have equal hashes; others almost never do."""
    total = np.zeros(len(rows), dtype=np.uint64)
    for name, column in rows.items():
        total += mixed(_bits(column) ^ _of_text(str(name)))
    return mixed(total)


def hash_values(column: pd.Series) -> np.ndarray:
    """One uint64 per cell of a column; it does not depend on the column's name."""
    return mixed(_bits(column))


def _bits(column: pd.Series) -> np.ndarray:
    if is_date(column):
        column = pd.Series(seconds_of(column))
    if pd.api.types.is_float_dtype(column):
        # -0 counts as 0, and every NaN as the same NaN.
        values = column.to_numpy(dtype="float64") + 0.0
        return np.where(np.isnan(values), _NO_NUMBER, values.view(np.uint64))
    codes, distinct = pd.factorize(column)
    hashes = np.array([*map(_of_text, distinct), _NO_TEXT], dtype=np.uint64)
    return hashes[codes]


def _of_text(text: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little"))


def mixed(values: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser. The increment comes first, so that 0 is mixed too."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
