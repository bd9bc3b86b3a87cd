"""The rows of a table that can be learned from or judged by: with a target, with types, and each once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evergreen.errors import InvalidData
from evergreen.metrics import CLASSIFICATION
from evergreen.number_text import counted, number
from evergreen.settings.sections import ModelSettings
from training.collecting.month_files import PREDICTION_ID
from training.preparing.equal_rows import equal_by_chance
from training.preparing.row_hash import hash_rows
from training.preparing.units import GROUP, MOMENT
from training.preparing.weights import WEIGHT, weights_of
from training.reading.columns import labels, numbers, require_columns, typed
from training.reading.dates import is_date
from training.reading.source import Source

# Columns of Prepare's files beside those of the table.
_OWN = {MOMENT, GROUP, WEIGHT, PREDICTION_ID}


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """Rows with a target, with what is known of each; all columns are of the same length.

    Attributes:
        rows: features and target with their types, the target last; the index counts the rows as they were read.
        hashes: one for each row, of its features and target.
        by_chance: whether rows that are equal are observations by themselves, instead of copies.
        by, group: the columns of the split and of the groups, as they were read; None if there are none.
        weights: None if model.toml names no column of them.
        ids: the prediction ids of captured rows, missing in all others; None if no row was captured.
        without_target: how many rows were left out since they have none.
        repeated: how many captured rows were left out, since the table itself has the same.
    """

    rows: pd.DataFrame
    hashes: np.ndarray
    by_chance: bool
    by: pd.Series | None
    group: pd.Series | None
    weights: np.ndarray | None
    ids: pd.Series | None
    source: Source
    without_target: int
    repeated: int


def clean(table: pd.DataFrame, settings: ModelSettings, *, source: Source) -> Cleaned:
    """
    Args:
        table: columns of numbers or of text; its index counts the rows as they were read.

    Raises:
        InvalidData: a named column is missing, a cell has the wrong type, no row has a target, or one has no logarithm
            that log_target could take.
        InvalidSettings: model.toml names a feature that the table lacks.
    """
    rows = _rows(table, settings, source=source)
    known = rows[settings.data.target].notna().to_numpy()
    if not known.any():
        raise InvalidData(
            f"{source.name}: the target {settings.data.target!r} is missing in all {number(len(rows))} rows; "
            "training needs rows with a target"
        )
    named = (settings.split.by, settings.group, settings.data.weight)
    by, group, weight = (table[name] if name else None for name in named)
    ids = table[PREDICTION_ID] if source.captured else None
    hashes = hash_rows(rows)
    own = known if ids is None else known & ids.isna().to_numpy()
    by_chance = equal_by_chance(rows, hashes, np.flatnonzero(own))
    repeated = np.zeros(len(rows), dtype=bool)
    if not by_chance:
        # Who predicts the table itself knows the labels already.
        repeated = ~own & np.isin(hashes, hashes[own])
    kept = known & ~repeated
    if not kept.all():
        rows, hashes = rows[kept], hashes[kept]
        by, group, weight, ids = (column if column is None else column[kept] for column in (by, group, weight, ids))
    if settings.preprocessing.log_target:
        _require_logarithm(rows[settings.data.target], source=source)
    return Cleaned(
        rows=rows,
        hashes=hashes,
        by_chance=by_chance,
        by=by,
        group=group,
        weights=None if weight is None else weights_of(weight, source=source),
        ids=ids,
        source=source,
        without_target=int((~known).sum()),
        repeated=int(repeated.sum()),
    )


def _rows(table: pd.DataFrame, settings: ModelSettings, *, source: Source) -> pd.DataFrame:
    """Features and target with their types. Columns keep the table's order; the target comes last."""
    target = settings.data.target
    no_features = settings.no_features | ({PREDICTION_ID} if source.captured else set())
    require_columns(settings.named_columns(), source=source)
    _require_free(set(map(str, table.columns)) - no_features | {target}, source=source)
    features = {
        name: typed(table[name], source=source, kind=settings.columns.get(name))
        for name in map(str, table.columns)
        if name not in no_features
    }
    if not features:
        raise InvalidData(f"{source.name}: no column is left to predict from; see leave_out in model.toml")
    dates = [name for name, column in features.items() if is_date(column)]
    settings.check_features(list(features), dates=dates, file=source.name)
    goal = labels(table[target]) if settings.task == CLASSIFICATION else numbers(table[target], source=source)
    return pd.DataFrame({**features, target: goal}, copy=False)


def _require_free(names: set[str], *, source: Source) -> None:
    """
    Raises:
        InvalidData: a feature or the target is called like a column of Prepare's own files.
    """
    if taken := sorted(names & _OWN):
        raise InvalidData(
            f"{source.name}: a column is called {taken[0]!r}, as one of the files between Prepare and Train is. Call "
            "it otherwise, or leave it out in model.toml"
        )


def _require_logarithm(target: pd.Series, *, source: Source) -> None:
    """
    Raises:
        InvalidData: a target has no logarithm of 1 + target.
    """
    wrong = target <= -1
    if wrong.any():
        raise InvalidData(
            f"{source.place(wrong.idxmax())}: the target {target.name!r} is {number(target[wrong.idxmax()])} "
            f"({counted(int(wrong.sum()), 'row')} of -1 or less), and [preprocessing] log_target takes the logarithm "
            "of 1 + target. Correct the rows, or set log_target = false"
        )
