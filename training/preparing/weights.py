"""The weights of training rows: those of a column of the table, times those of the classes."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.class_weight import compute_sample_weight

from evergreen.contract.cells import label
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidData, InvalidSettings
from evergreen.number_text import counted, number
from evergreen.settings.sections import EstimatorSettings
from training.reading.columns import numbers
from training.reading.source import Source

# The name of their column in Prepare's file of training rows. No feature of a table can have it.
WEIGHT = "(weight)"


def weights_of(column: pd.Series, *, source: Source) -> np.ndarray:
    """The weights of rows, as float64, from the column of [data] weight as it was read.

    Raises:
        InvalidData: one is missing, below 0, or no finite number; or all are 0.
    """
    weights = numbers(column, source=source)
    for wrong, what in ((weights.isna(), "is empty"), (weights < 0, "is below 0")):
        if wrong.any():
            rows = counted(int(wrong.sum()), "such row")
            raise InvalidData(
                f"{source.place(wrong.idxmax())}: column {column.name!r} {what} ({rows}); [data] weight needs a number "
                "of 0 or more in every row with a target"
            )
    if not weights.any():
        raise InvalidData(f"{source.name}: column {column.name!r} is 0 in all rows, so that there is nothing to fit")
    return weights.to_numpy(dtype="float64")


def for_fit(
    target: pd.Series, weights: np.ndarray | None, contract: Contract, settings: EstimatorSettings
) -> np.ndarray | None:
    """What each training row weighs in the fit, by scikit-learn's compute_sample_weight; None if all weigh the same.

    Args:
        weights: those of the column; None if there is none.

    Raises:
        InvalidSettings: class_weight names a label that is no class.
    """
    if not settings.class_weight:
        return weights
    by_class = compute_sample_weight(_class_weight(settings.class_weight, contract), target)
    product: np.ndarray = by_class if weights is None else by_class * weights
    return product


def _class_weight(given: str | dict[str, float], contract: Contract) -> Any:
    if isinstance(given, str):
        return given
    for name in given:
        if label(name) not in contract.classes:
            known = ", ".join(map(repr, contract.classes[:10]))
            more = f" and {number(len(contract.classes) - 10)} more" if len(contract.classes) > 10 else ""
            raise InvalidSettings(
                f"model.toml: estimator.class_weight: {name!r} is no class of the target {contract.target!r}; the "
                f"classes are {known}{more}"
            )
    return {label(name): weight for name, weight in given.items()}
