"""A synthetic table whose columns can be moved by a known amount.

Each column is made from a normal variable of its own: a shift of 0.25 is one of that variable, in standard deviations,
whatever the column looks like. The variables correlate by 0.3.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from evergreen.contract.contract import CATEGORY, NUMBER, Feature

Numbers = npt.NDArray[np.float64]

_CORRELATION = 0.3
# Rows from which the contract takes its ranges.
_TRAINING_ROWS = 20_000

NUMBERS: dict[str, Callable[[Numbers], Numbers]] = {
    "normal": lambda z: z,
    "scaled": lambda z: 1000 + 50 * z,
    "uniform": ndtr,
    "skewed": np.exp,
    "heavy_tailed": lambda z: z**3,
    "two_humps": lambda z: z + 2 * np.sign(z),
    "whole": lambda z: np.floor(np.exp(1.5 + 0.5 * z)),
    # Those of the large window only.
    "negative": lambda z: -np.exp(z),
    "small": lambda z: 1e-3 * z,
    "bounded": np.tanh,
}
# By the number of their levels, of which the later ones are rarer.
CATEGORIES = {"two_levels": 2, "five_levels": 5, "twenty_levels": 20}
NEW_LEVEL = "never seen"


class Table:
    """Ten features, of which seven are numbers; or `numbers` of them, ten at most."""

    def __init__(self, numbers: int = 7) -> None:
        self.columns = [*list(NUMBERS)[:numbers], *CATEGORIES]

    def hidden(self, rows: int, generator: np.random.Generator) -> dict[str, Numbers]:
        """The normal variable of each column."""
        common = generator.standard_normal(rows) * _CORRELATION**0.5
        own = (1 - _CORRELATION) ** 0.5
        return {name: common + own * generator.standard_normal(rows) for name in self.columns}

    def frame(self, hidden: dict[str, Numbers], *, shift: float = 0.0) -> pd.DataFrame:
        return pd.DataFrame({name: column(name, values + shift) for name, values in hidden.items()}, copy=False)

    def draw(self, rows: int, generator: np.random.Generator) -> pd.DataFrame:
        return self.frame(self.hidden(rows, generator))

    def features(self, generator: np.random.Generator) -> list[Feature]:
        """As a contract has them, from training rows of their own."""
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
