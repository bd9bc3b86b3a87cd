"""What Prepare makes of a table."""

from dataclasses import dataclass

import pandas as pd

from evergreen.contract.contract import Contract


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Rows to fit on and rows to judge by, with the same columns: the contract's features and the target.

    Attributes:
        train: numbers are float64, categories objects: text, or None where it is missing.
        dropped: how many rows were left out, by the reason.
        findings: what looks wrong in the training rows, a sentence each.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    contract: Contract
    dropped: dict[str, int]
    findings: tuple[str, ...]
