"""The result of Prepare."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evergreen.contract.contract import Contract
from evergreen.judging.dependence import INDEPENDENT, Units
from evergreen.number_text import counted
from training.preparing.rows import TrainingRows


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Rows to fit on and rows to judge by, with the same columns: the contract's features and the target.

    Attributes:
        train: numbers as float64; dates as datetime64[ms], in UTC if they have time zones; categories as objects:
            text, or None for a missing cell.
        holdout: the same columns as `train`.
        dropped: how many rows were left out, by the reason.
        findings: warnings about the training rows, one sentence each.
        holdout_index: of each holdout row, the index of its row in the table that was read.
        train_units, holdout_units: how the rows depend on each other.
        train_weights: of the training rows in the fit; None if model.toml names no column of them.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    contract: Contract
    dropped: dict[str, int]
    findings: tuple[str, ...]
    holdout_index: np.ndarray = field(default_factory=lambda: np.array([], dtype=int))
    train_units: Units = INDEPENDENT
    holdout_units: Units = INDEPENDENT
    train_weights: np.ndarray | None = None

    @property
    def lost(self) -> str:
        """The rows that were left out, each number with its reason; empty if there are none."""
        return ", ".join(f"{counted(rows, 'row')} ({why})" for why, rows in self.dropped.items() if rows)

    @property
    def train_rows(self) -> TrainingRows:
        """What a model is fitted to."""
        return TrainingRows(table=self.train, units=self.train_units, weights=self.train_weights)
