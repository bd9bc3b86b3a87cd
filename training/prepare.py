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
from evergreen.feature_store.described import DEFINITIONS
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import ModelSettings
from evergreen.versions.data_version import DataVersion, of_channel, of_path, version_of_manifest
from training import job
from training.documents import data_sheet
from training.preparing.cleaning import clean
from training.preparing.dividing import divide
from training.preparing.prepared import Prepared
from training.preparing.split import split
from training.preparing.units import as_columns
from training.preparing.weights import WEIGHT
from training.reading.dates import is_date, seconds_of
from training.reading.source import Source
from training.reading.stored_features import StoredFeatures
from training.reading.table import read_version

_DEFINITIONS = Path(__file__).resolve().parents[1] / DEFINITIONS
TRAIN = "train.parquet"
HOLDOUT = "holdout.parquet"
CONTRACT = "contract.json"
# Of a renewal with a refit: the training rows with those of the holdout, and the contract that is inferred from them.
REFIT = "refit.parquet"
REFIT_CONTRACT = "refit_contract.json"


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
    cleaned = clean(table, settings, source=source)
    return divide(cleaned, split(cleaned, settings.split), settings)


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
    _training_rows(prepared).to_parquet(folder / TRAIN, index=False)
    as_columns(prepared.holdout, prepared.holdout_units).to_parquet(folder / HOLDOUT, index=False)
    (folder / CONTRACT).write_bytes(prepared.contract.to_json())
    (folder / names.SUMMARY).write_text(json.dumps(summary, indent=1))
    data_sheet.write_sheet(folder, prepared=prepared, settings=settings, summary=summary)


def write_refit(refit: Prepared, folder: Path) -> None:
    """Write what a model is fitted to once it has been judged, beside what it was judged by."""
    _training_rows(refit).to_parquet(folder / REFIT, index=False)
    (folder / REFIT_CONTRACT).write_bytes(refit.contract.to_json())


def _training_rows(prepared: Prepared) -> pd.DataFrame:
    return as_columns(_weighed(prepared.train, prepared.train_weights), prepared.train_units)


def run(
    version: DataVersion,
    settings: ModelSettings,
    folder: Path,
    *,
    previous: Contract | None = None,
    stored: StoredFeatures | None = None,
) -> dict[str, Any]:
    """Prepare a version of the data into a folder.

    Args:
        previous: the champion's contract, to name what has changed since then.
        stored: what a feature store gives to each row.

    Raises:
        InvalidFeatures: the feature store cannot give it; nothing is written.
        InvalidData: the table cannot be trained on; nothing is written.
        InvalidSettings: model.toml names a feature that the table lacks.
    """
    prepared = read_and_prepare(version, settings, stored)
    summary = summarise(prepared, settings, version, previous=previous)
    write(prepared, folder, settings=settings, summary=summary)
    return summary


def read_and_prepare(version: DataVersion, settings: ModelSettings, stored: StoredFeatures | None = None) -> Prepared:
    """Read a version and prepare it. A separate function, so that the table is freed before the parts are written."""
    table, source = read_version(version, settings, stored)
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
    stored = stored_features(settings)
    _say(run(version, settings, base / "output" / names.CHANNEL_PREPARED, previous=contract, stored=stored))


def stored_features(settings: ModelSettings) -> StoredFeatures | None:
    """What the feature store gives in a job: the definitions of the archive, and the histories of a channel."""
    data = job.base_folder() / "processing" / "input" / names.CHANNEL_FEATURES
    return StoredFeatures.of_settings(settings, _DEFINITIONS, data=data)


def command(arguments: argparse.Namespace) -> None:
    """Run Prepare on files of this machine."""
    previous = Contract.from_json(arguments.previous.read_bytes()) if arguments.previous else None
    settings = read_settings(arguments.settings)
    stored = StoredFeatures.of_settings(settings, _DEFINITIONS)
    _say(run(of_path(arguments.data), settings, arguments.output, previous=previous, stored=stored))


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
