"""Prepare: from a table and model.toml to training rows, holdout rows and the contract."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evergreen import names
from evergreen.contract import CATEGORY, NUMBER, Contract, Feature
from evergreen.errors import InvalidData
from evergreen.metrics import CLASSIFICATION
from evergreen.model_toml import read_settings
from evergreen.settings import ModelSettings
from training import job
from training.table import numbers, read_table, require_columns, typed

TRAIN = "train.parquet"
HOLDOUT = "holdout.parquet"
CONTRACT = "contract.json"
SUMMARY = "summary.json"
MIN_ROWS = 20
MAX_CLASSES = 100


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Rows to fit on and rows to judge by, with the same columns: the contract's features and the target."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    contract: Contract
    dropped_rows: int


def prepare(table: pd.DataFrame, settings: ModelSettings, *, file: str) -> Prepared:
    """Split a table by time and infer the contract from its training rows.

    Args:
        table: every cell as text, as `read_table` returns it.
        file: the table's name, for messages.

    Raises:
        InvalidData: a named column is missing, a cell has the wrong type, or too few rows are left.
        InvalidSettings: a feature is named that there is not.
    """
    data, split = settings.data, settings.split
    require_columns(table, [data.target, split.by, *data.leave_out], file=file)
    left_out = {data.target, *data.leave_out}
    features = {name: typed(table[name], file=file) for name in map(str, table.columns) if name not in left_out}
    if not features:
        raise InvalidData(f"{file}: no column is left to predict from; see leave_out in model.toml")
    settings.check_features(list(features), file=file)
    target = table[data.target] if settings.task == CLASSIFICATION else numbers(table[data.target], file=file)
    rows = pd.DataFrame({**features, data.target: target})
    train, holdout = _split(rows, _moments(table[split.by], file=file), data.target, settings.split.holdout)
    for part, size in (("training", len(train)), ("holdout", len(holdout))):
        if size < MIN_ROWS:
            raise InvalidData(
                f"{file}: {size} {part} rows are left, {MIN_ROWS} are needed; bring more rows or change [split] holdout"
            )
    classes = _classes(train, holdout, data.target, file=file) if settings.task == CLASSIFICATION else ()
    dropped = len(rows) - len(train) - len(holdout)
    contract = _infer(train, settings, classes)
    return Prepared(train=train, holdout=holdout, contract=contract, dropped_rows=dropped)


def _classes(train: pd.DataFrame, holdout: pd.DataFrame, target: str, *, file: str) -> tuple[str, ...]:
    """The labels of a classification: the texts of the target, in the order of the alphabet."""
    classes = sorted(train[target].unique())
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise InvalidData(
            f"{file}: the target {target!r} has {len(classes)} different values in the training rows; a classification "
            f'takes 2 to {MAX_CLASSES}. For a number to predict, set task = "regression"'
        )
    unknown = sorted(set(holdout[target]) - set(classes))
    if unknown:
        raise InvalidData(
            f"{file}: the target's value {unknown[0]!r} occurs in holdout rows only, so that it cannot be learned; "
            "bring more rows or change [split] holdout"
        )
    return tuple(classes)


def _moments(column: pd.Series, *, file: str) -> pd.Series:
    """The split column as something that sorts by time: numbers as they are, ISO 8601 dates as dates."""
    if column.isna().any():
        row = column.isna().idxmax()
        raise InvalidData(f"{file} line {row + 2}: column {column.name!r} is empty; [split] by needs it in every row")
    parsed = pd.to_numeric(column, errors="coerce")
    if parsed.notna().all():
        return parsed
    try:
        return pd.to_datetime(column, format="ISO8601", utc=True)
    except ValueError as error:
        raise InvalidData(
            f"{file}: column {column.name!r} holds neither numbers nor ISO 8601 dates; [split] by needs one of them"
        ) from error


def _split(rows: pd.DataFrame, moments: pd.Series, target: str, share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows come before the holdout's first moment; no moment is on both sides. Rows without target go."""
    known = rows[target].notna()
    order = moments[known].sort_values(kind="stable")
    if order.empty:
        return rows.iloc[:0], rows.iloc[:0]
    first = order.iloc[int(len(order) * (1 - share))]
    ordered = rows.loc[order.index]
    before = order < first
    return ordered[before].reset_index(drop=True), ordered[~before].reset_index(drop=True)


def _infer(train: pd.DataFrame, settings: ModelSettings, classes: tuple[str, ...]) -> Contract:
    columns = train.drop(columns=settings.data.target)
    # The newest row, of those that lack nothing if there are any.
    whole = columns.dropna()
    example = (columns if whole.empty else whole).iloc[-1]
    features = []
    for name, column in columns.items():
        missing = bool(column.isna().any())
        value = None if pd.isna(example[name]) else example[name]
        if pd.api.types.is_numeric_dtype(column):
            feature = Feature(
                name=name,
                type=NUMBER,
                missing_allowed=missing,
                minimum=float(column.min()),
                maximum=float(column.max()),
                example=None if value is None else float(value),
            )
        else:
            categories = tuple(sorted(column.dropna().unique()))
            feature = Feature(name=name, type=CATEGORY, missing_allowed=missing, categories=categories, example=value)
        features.append(feature)
    return Contract(task=settings.task, target=settings.data.target, features=tuple(features), classes=classes)


def write(prepared: Prepared, folder: Path, *, data_file: Path) -> dict[str, Any]:
    """Write the parts as files, and return the summary that is written beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    prepared.train.to_parquet(folder / TRAIN, index=False)
    prepared.holdout.to_parquet(folder / HOLDOUT, index=False)
    (folder / CONTRACT).write_bytes(prepared.contract.to_json())
    summary = {
        "data_file": data_file.name,
        "data_sha256": hashlib.sha256(data_file.read_bytes()).hexdigest(),
        "train_rows": len(prepared.train),
        "holdout_rows": len(prepared.holdout),
        "dropped_rows": prepared.dropped_rows,
    }
    (folder / SUMMARY).write_text(json.dumps(summary, indent=1))
    return summary


def main() -> None:
    """The SageMaker processing job."""
    base = job.base_folder() / "processing"
    settings = read_settings(job.single_file(base / "input" / names.CHANNEL_SETTINGS))
    data_file = job.single_file(base / "input" / names.CHANNEL_DATA)
    prepared = prepare(read_table(data_file), settings, file=data_file.name)
    summary = write(prepared, base / "output" / names.CHANNEL_PREPARED, data_file=data_file)
    print(json.dumps(summary))


if __name__ == "__main__":
    job.run(main, job.base_folder() / "output" / "message")
