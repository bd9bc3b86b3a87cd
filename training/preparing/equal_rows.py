"""Whether equal rows of a table are copies of one another, or what one expects where few different rows can be.

A copy that stands in the training rows and in the holdout has been learned by heart. But where every column has a few
values, as in a questionnaire, most rows have a twin, and each is an observation by itself: without them, a holdout
would have nothing left but what is rare, and of one answer the cases on one side, the others on the other.
"""

import numpy as np
import pandas as pd

from training.preparing.row_hash import mixed

# Columns depend on each other: by chance, rows have up to so many times as many twins as if they did not.
_DEPENDENCE = 20
# From so many rows on for each different one they are no copies, however the columns depend on each other: brand, model
# and size of a product say the same.
ROWS_FOR_EACH = 10
# At most so many rows, spread over the table, show how often two have the same value.
_ROWS_LOOKED_AT = 20_000


def equal_by_chance(rows: pd.DataFrame, hashes: np.ndarray, among: np.ndarray) -> bool:
    """Whether rows that equal another are observations by themselves, instead of copies.

    Args:
        rows: features and target.
        hashes: one for each row.
        among: positions of the rows that are looked at.
    """
    if len(np.unique(hashes[among])) == len(among):
        return False
    _, first, sizes = np.unique(hashes[among], return_index=True, return_counts=True)
    if len(among) >= ROWS_FOR_EACH * len(sizes):
        return True
    twins = float((sizes * (sizes - 1)).sum()) / len(among)
    # One row of each kind, lest what is asked for be taken for the answer.
    different = among[np.sort(first)]
    step = -(-len(different) // _ROWS_LOOKED_AT)
    return twins <= _DEPENDENCE * (len(among) - 1) * _agreeing(rows.iloc[different[::step]])


def each_by_itself(hashes: np.ndarray) -> np.ndarray:
    """A hash for each row, another for each of those that are equal: what comes later in the table changes none."""
    order = np.argsort(hashes, kind="stable")
    first = np.flatnonzero(np.r_[True, np.diff(hashes[order]) != 0]) if len(hashes) else order
    sizes = np.diff(np.r_[first, len(hashes)])
    before = np.empty(len(hashes), np.uint64)
    before[order] = np.arange(len(hashes)) - np.repeat(first, sizes)
    # What stands for the first of them is what it would be alone.
    return np.where(before == 0, hashes, mixed(hashes ^ mixed(before)))


def _agreeing(rows: pd.DataFrame) -> float:
    """The share of pairs of rows that would be equal if the columns were independent of each other."""
    pairs = max(1, len(rows) * (len(rows) - 1))
    share = 1.0
    for _, column in rows.items():
        counts = column.value_counts(dropna=False).to_numpy(dtype="float64")
        share *= float((counts * (counts - 1)).sum()) / pairs
    return share
