"""A synthetic table whose columns can be shifted by a known amount.

Each column is computed from its own standard normal variable. A shift is added to that variable: 0.25 means 0.25
standard deviations, whatever the column's distribution. The variables have a pairwise correlation of 0.3.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from evergreen.contract.feature import CATEGORY, NUMBER, Feature

Numbers = npt.NDArray[np.float64]

_CORRELATION = 0.3
# Training rows that give the contract its ranges.
_TRAINING_ROWS = 20_000

NUMBERS: dict[str, Callable[[Numbers], Numbers]] = {
    "normal": lambda z: z,
    "scaled": lambda z: 1000 + 50 * z,
    "uniform": ndtr,
    "skewed": np.exp,
    "heavy_tailed": lambda z: z**3,
    "two_humps": lambda z: z + 2 * np.sign(z),
    "whole": lambda z: np.floor(np.exp(1.5 + 0.5 * z)),
    # Used by the large window only.
    "negative": lambda z: -np.exp(z),
    "small": lambda z: 1e-3 * z,
    "bounded": np.tanh,
}
# The number of levels of each. Later levels are rarer.
CATEGORIES = {"two_levels": 2, "five_levels": 5, "twenty_levels": 20}
NEW_LEVEL = "never seen"


class Table:
    """Three categories, and `numbers` numbers, ten at most."""

    def __init__(self, numbers: int = 7) -> None:
        self.columns = [*list(NUMBERS)[:numbers], *CATEGORIES]

    def hidden(self, rows: int, generator: np.random.Generator) -> dict[str, Numbers]:
        """The normal variable of each column, of shape (rows,)."""
        common = generator.standard_normal(rows) * _CORRELATION**0.5
        own = (1 - _CORRELATION) ** 0.5
        return {name: common + own * generator.standard_normal(rows) for name in self.columns}

    def frame(self, hidden: dict[str, Numbers], *, shift: float = 0.0) -> pd.DataFrame:
        return pd.DataFrame({name: column(name, values + shift) for name, values in hidden.items()}, copy=False)

    def draw(self, rows: int, generator: np.random.Generator) -> pd.DataFrame:
        return self.frame(self.hidden(rows, generator))

    def features(self, generator: np.random.Generator) -> list[Feature]:
        """The features of a contract, from separate training rows."""
        training = self.draw(_TRAINING_ROWS, generator)
        return [_feature(name, training[name]) for name in self.columns]


def column(name: str, hidden: Numbers) -> npt.NDArray[np.float64] | npt.NDArray[np.object_]:
    if name in NUMBERS:
        return NUMBERS[name](hidden)
    count = CATEGORIES[name]
    shares = 1 / np.arange(1, count + 1)
    borders = ndtri(np.cumsum(shares / shares.sum())[:-1])
    levels = np.array([f"level {index}" for index in range(count)], object)
    found: npt.NDArray[np.object_] = levels[np.searchsorted(borders, hidden)]
    return found


def _feature(name: str, training: pd.Series) -> Feature:
    if name in NUMBERS:
        low, high = float(training.min()), float(training.max())
        return Feature(name=name, type=NUMBER, missing_allowed=True, minimum=low, maximum=high)
    return Feature(name=name, type=CATEGORY, missing_allowed=True, categories=tuple(sorted(training.unique())))
