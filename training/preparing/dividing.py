"""Divides cleaned rows into those to fit on and those to judge by, and infers the contract from the former."""

import numpy as np
import pandas as pd

from evergreen.contract.contract import Contract
from evergreen.errors import InvalidData
from evergreen.metrics import Outcomes, why_unknown
from evergreen.number_text import counted, number
from evergreen.settings.sections import ModelSettings
from evergreen.settings.toml_text import text
from training.preparing import contract_inference, findings
from training.preparing.cleaning import Cleaned
from training.preparing.prepared import Prepared
from training.preparing.split import Sides
from training.preparing.units import numbered
from training.reading.source import Source

MIN_ROWS = 20
WITHOUT_TARGET = "without target"
DUPLICATES = "duplicates of training rows"


def divide(cleaned: Cleaned, sides: Sides, settings: ModelSettings) -> Prepared:
    """
    Raises:
        InvalidData: too few rows are on a side, or the metric cannot measure them; or a row has no group.
    """
    rows, source = cleaned.rows, cleaned.source
    units = numbered(sides.moments, cleaned.group, source=source)
    _check_sizes(sides, len(rows), source=source)
    train, holdout = _take(rows, sides.train), _take(rows, sides.holdout)
    contract = contract_inference.infer(train, holdout, settings, file=source.name, stored=source.stored)
    contract_inference.require_size(contract, file=source.name)
    _check_metric(train, holdout, contract, settings, source=source)
    return Prepared(
        train=train,
        holdout=holdout,
        holdout_index=rows.index.to_numpy()[sides.holdout],
        train_units=units.take(sides.train),
        holdout_units=units.take(sides.holdout),
        train_weights=None if cleaned.weights is None else cleaned.weights[sides.train],
        contract=contract,
        dropped={WITHOUT_TARGET: cleaned.without_target, DUPLICATES: sides.duplicates},
        findings=(
            *findings.of_reading(source.padded, rows),
            *findings.of_equal_rows(len(np.unique(cleaned.hashes)), len(rows)),
            *findings.of_stored(source.without, len(rows)),
            *findings.of_captured(rows, cleaned.ids, repeated=cleaned.repeated),
            *findings.find(train, holdout, settings),
        ),
    )


def _check_sizes(sides: Sides, rows: int, *, source: Source) -> None:
    for part, size in (("training", len(sides.train)), ("holdout", len(sides.holdout))):
        if size < MIN_ROWS:
            without = f", without {number(sides.duplicates)} that equal training rows" if sides.duplicates else ""
            raise InvalidData(
                f"{source.name}: of {counted(rows, 'row')} with a target, {size} {part} rows are left{without}; "
                f"{MIN_ROWS} are needed. Add rows or change [split] holdout"
            )


def _check_metric(
    train: pd.DataFrame, holdout: pd.DataFrame, contract: Contract, settings: ModelSettings, *, source: Source
) -> None:
    """
    Raises:
        InvalidData: the rows are such that the metric is known of no model.
    """
    for part, rows in (("training", train), ("holdout", holdout)):
        actual = rows[contract.target].tolist()
        # Of a model that is always right.
        given = [[float(label == each) for label in contract.classes] for each in actual] if contract.classes else ()
        perfect = Outcomes(
            actual=actual,
            predicted=actual,
            probabilities=given,
            classes=contract.classes,
            positive=contract.positive,
        )
        if why := why_unknown(settings.metric, perfect):
            raise InvalidData(
                f"{source.name}: the {part} rows cannot be measured by metric = {text(settings.metric)}: {why}. "
                "Correct or add rows, change [split], or choose another metric"
            )


def _take(rows: pd.DataFrame, positions: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({name: column.array.take(positions) for name, column in rows.items()}, copy=False)
