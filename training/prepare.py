"""Prepare: makes training rows, holdout rows and the contract from a version of the data and model.toml.

The SageMaker job runs it without arguments. On any other machine:
python -m training.prepare --data FILE_OR_FOLDER --settings model.toml --output FOLDER [--previous contract.json]
"""

import argparse
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evergreen import names
from evergreen.contract.changes import compare
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidData
from evergreen.metrics import CLASSIFICATION, Outcomes, why_unknown
from evergreen.number_text import counted, number
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import ModelSettings
from evergreen.settings.toml_text import text
from evergreen.versions.data_version import DataVersion, of_channel, of_path, version_of_manifest
from training import job
from training.collecting.month_files import PREDICTION_ID
from training.documents import data_sheet
from training.preparing import contract_inference, findings
from training.preparing.prepared import Prepared
from training.preparing.row_hash import hash_rows
from training.preparing.split import Sides, split
from training.preparing.units import GROUP, MOMENT, as_columns, numbered
from training.preparing.weights import WEIGHT, weights_of
from training.reading.columns import labels, numbers, require_columns, typed
from training.reading.dates import is_date, seconds_of
from training.reading.source import Source
from training.reading.table import read_version

TRAIN = "train.parquet"
HOLDOUT = "holdout.parquet"
CONTRACT = "contract.json"
MIN_ROWS = 20
# From this share of distinct rows on, rows of a table are not equal by chance.
_DISTINCT = 0.99
# Columns of its files beside those of the table.
_OWN = {MOMENT, GROUP, WEIGHT, PREDICTION_ID}
WITHOUT_TARGET = "without target"
DUPLICATES = "duplicates of training rows"


def prepare(table: pd.DataFrame, settings: ModelSettings, *, file: str | Source) -> Prepared:
    """Split a table and infer the contract from its training rows.

    Args:
        table: columns of numbers or of text; its index counts the rows as they were read.
        file: the files of the rows, for messages, or the name of the one CSV file that they come from.

    Raises:
        InvalidData: a named column is missing, a cell has the wrong type, too few rows are left, or the metric cannot
            measure them, or a target has no logarithm that log_target could take.
        InvalidSettings: model.toml names a feature that the table lacks.
    """
    source = file if isinstance(file, Source) else Source.of_csv(file, table.columns)
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
    repeated = _repeated(hashes, ids)
    kept = known & ~repeated
    if not kept.all():
        rows, hashes = rows[kept], hashes[kept]
        by, group, weight, ids = (column if column is None else column[kept] for column in (by, group, weight, ids))
    if settings.preprocessing.log_target:
        _require_logarithm(rows[settings.data.target], source=source)
    weights = None if weight is None else weights_of(weight, source=source)
    sides = split(hashes, by, settings.split, source=source, ids=ids)
    units = numbered(sides.moments, group, source=source)
    _check_sizes(sides, len(rows), source=source)
    train, holdout = _take(rows, sides.train), _take(rows, sides.holdout)
    contract = contract_inference.infer(train, holdout, settings, file=source.name)
    contract_inference.require_size(contract, file=source.name)
    _check_metric(train, holdout, contract, settings, source=source)
    return Prepared(
        train=train,
        holdout=holdout,
        holdout_index=rows.index.to_numpy()[sides.holdout],
        train_units=units.take(sides.train),
        holdout_units=units.take(sides.holdout),
        train_weights=None if weights is None else weights[sides.train],
        contract=contract,
        dropped={WITHOUT_TARGET: int((~known).sum()), DUPLICATES: sides.duplicates},
        findings=(
            *findings.of_reading(source.padded, rows),
            *findings.of_captured(rows, ids, repeated=int(repeated.sum())),
            *findings.find(train, holdout, settings),
        ),
    )


def _repeated(hashes: np.ndarray, ids: pd.Series | None) -> np.ndarray:
    """Which captured rows equal one of the table's own: who predicts the table itself knows the labels already.

    Where the table's own rows equal each other, equal rows are none that came twice.

    Args:
        hashes: one for each row.
        ids: the prediction ids of captured rows, missing in all others; None if no row was captured.
    """
    none = np.zeros(len(hashes), dtype=bool)
    if ids is None:
        return none
    captured = ids.notna().to_numpy()
    own = hashes[~captured]
    return captured & np.isin(hashes, own) if len(np.unique(own)) >= _DISTINCT * len(own) else none


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


def content_hash(*parts: pd.DataFrame) -> str:
    """SHA-256 of the cells of the parts; it does not depend on the file format that holds them."""
    digest = hashlib.sha256()
    for part in parts:
        for name, column in part.items():
            digest.update(json.dumps([name, len(column)]).encode())
            if column.dtype == object:
                codes, distinct = pd.factorize(column, sort=True)
                digest.update(json.dumps(list(distinct)).encode())
                digest.update(codes.astype("<i4").tobytes())
            else:
                values = seconds_of(column) if is_date(column) else column.to_numpy()
                digest.update(values.astype("<f8").tobytes())
    return digest.hexdigest()


def _weighed(rows: pd.DataFrame, weights: np.ndarray | None) -> pd.DataFrame:
    """The rows with their weights beside them."""
    columns = {name: rows[name] for name in rows}
    return rows if weights is None else pd.DataFrame({**columns, WEIGHT: weights}, copy=False)


def summarise(
    prepared: Prepared, settings: ModelSettings, version: DataVersion, *, previous: Contract | None
) -> dict[str, Any]:
    """Summary of Prepare's results, for the bundle, the data sheet and the log."""
    changes = compare(previous, prepared.contract) if previous else []
    return {
        "data_version": version.version,
        "data_files": [
            {"name": file.name, "md5": file.md5, "bytes": file.path.stat().st_size} for file in version.files
        ],
        "train_rows": len(prepared.train),
        "holdout_rows": len(prepared.holdout),
        "dropped": prepared.dropped,
        "findings": list(prepared.findings),
        "contract_changes": [change.text for change in changes],
        "split": asdict(settings.split),
        "prepared_sha256": content_hash(_weighed(prepared.train, prepared.train_weights), prepared.holdout),
    }


def write(prepared: Prepared, folder: Path, *, settings: ModelSettings, summary: dict[str, Any]) -> None:
    """Write the parts, the contract, the summary and the data sheet as files."""
    folder.mkdir(parents=True, exist_ok=True)
    train = _weighed(prepared.train, prepared.train_weights)
    as_columns(train, prepared.train_units).to_parquet(folder / TRAIN, index=False)
    as_columns(prepared.holdout, prepared.holdout_units).to_parquet(folder / HOLDOUT, index=False)
    (folder / CONTRACT).write_bytes(prepared.contract.to_json())
    (folder / names.SUMMARY).write_text(json.dumps(summary, indent=1))
    data_sheet.write_sheet(folder, prepared=prepared, settings=settings, summary=summary)


def run(
    version: DataVersion, settings: ModelSettings, folder: Path, *, previous: Contract | None = None
) -> dict[str, Any]:
    """Prepare a version of the data into a folder.

    Args:
        previous: the champion's contract, to name what has changed since then.

    Raises:
        InvalidData: the table cannot be trained on; nothing is written.
        InvalidSettings: model.toml names a feature that the table lacks.
    """
    prepared = read_and_prepare(version, settings)
    summary = summarise(prepared, settings, version, previous=previous)
    write(prepared, folder, settings=settings, summary=summary)
    return summary


def read_and_prepare(version: DataVersion, settings: ModelSettings) -> Prepared:
    """Read a version and prepare it. A separate function, so that the table is freed before the parts are written."""
    table, source = read_version(version, settings)
    return prepare(table, settings, file=source)


def main() -> None:
    """The SageMaker processing job."""
    base = job.base_folder() / "processing"
    settings = read_settings(job.single_file(base / "input" / names.CHANNEL_SETTINGS))
    settings.require_name(os.environ.get(names.MODEL_NAME, settings.name))
    manifest = os.environ.get(names.DATA_MANIFEST, "")
    named = version_of_manifest(manifest)
    if named is None:
        raise InvalidData(f"{manifest!r} is not a manifest of a data version: start the training by evergreen train")
    version = of_channel(base / "input" / names.CHANNEL_DATA, settings.data.path, named)
    # SageMaker creates this channel only if there is a champion.
    previous = base / "input" / names.CHANNEL_PREVIOUS
    contract = Contract.from_json(job.single_file(previous).read_bytes()) if previous.exists() else None
    _say(run(version, settings, base / "output" / names.CHANNEL_PREPARED, previous=contract))


def command(arguments: argparse.Namespace) -> None:
    """Run Prepare on files of this machine."""
    previous = Contract.from_json(arguments.previous.read_bytes()) if arguments.previous else None
    _say(run(of_path(arguments.data), read_settings(arguments.settings), arguments.output, previous=previous))


def _say(summary: dict[str, Any]) -> None:
    for finding in summary["findings"]:
        print(f"Warning: {finding}")
    for change in summary["contract_changes"]:
        print(f"Contract: {change}")
    print(json.dumps(summary))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.prepare", description=main.__doc__)
    parser.add_argument("--data", type=Path, help="the table, a file or folder; without it, run as the SageMaker job")
    parser.add_argument("--settings", type=Path, default=Path("model.toml"))
    parser.add_argument("--output", type=Path, default=Path("prepared"))
    parser.add_argument("--previous", type=Path, help="the contract to compare with")
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    job.run(main if given.data is None else lambda: command(given), "message")
