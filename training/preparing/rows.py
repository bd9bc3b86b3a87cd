"""The rows that a model is fitted to, with what is known of them besides their values."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evergreen.judging.dependence import INDEPENDENT, Codes, Units


@dataclass(frozen=True, kw_only=True)
class TrainingRows:
    """
    Attributes:
        table: features and target, as Prepared has them.
        units: how the rows depend on each other.
        weights: of the rows in the fit; None if all weigh the same.
    """

    table: pd.DataFrame
    units: Units = INDEPENDENT
    weights: np.ndarray | None = None

    def take(self, positions: Codes) -> "TrainingRows":
        """Some of the rows."""
        return TrainingRows(
            table=self.table.iloc[positions],
            units=self.units.take(positions),
            weights=None if self.weights is None else self.weights[positions],
        )
