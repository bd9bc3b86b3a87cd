"""Brings captured predictions whose truth is known into the folder of the table."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.aws.endpoint import Endpoint
from cli.aws.target import Target
from evergreen import names
from evergreen.captures.labels import Labels
from evergreen.captures.records import Faults
from evergreen.contract.contract import Contract
from evergreen.errors import CommandFailed
from evergreen.settings.sections import ModelSettings
from functions.check_drift.capture_files import CaptureFiles

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Collected:
    """
    Attributes:
        rows: all captured rows that the table has now.
        new: those that it had not before.
        changed: those that had another label before.
        notes: what was left out, and what could not be read.
    """

    rows: int
    new: int
    changed: int
    notes: tuple[str, ...]


def collect(target: Target, settings: ModelSettings, table: Path, progress: Progress) -> Collected:
    """Write the labelled rows of all captures, and those that were collected before, into the table's folder.

    Raises:
        CommandFailed: the rows cannot be part of the table; the message says why and what to do.
    """
    # Imported here, since no other verb needs pyarrow for it.
    from training.collecting import month_files
    from training.collecting.labelled_rows import LabelledRows
    from training.collecting.obstacles import obstacles

    _require_folder(table, settings)
    contract = Contract.from_json(json.dumps(Endpoint(target).model()["contract"]).encode())
    if faults := list(obstacles(settings, contract)):
        raise CommandFailed("captured rows cannot be part of the table: " + "; ".join(faults))
    found = Faults()
    captures = CaptureFiles(target.client("s3"), target.outputs[names.OUTPUT_CAPTURE_BUCKET], found)
    labels = Labels(settings.quality.labels_from)
    labels.read(_records(captures, names.FEEDBACK_PREFIX, progress), found)
    collected = LabelledRows(contract, labels, found)
    collected.add(_records(captures, names.PREDICTIONS_PREFIX, progress))
    before = month_files.read(month_files.files_of(table))
    rows = {**before, **collected.rows}
    if collected.rows:
        month_files.write(table, rows, contract)
    return Collected(
        rows=len(rows),
        new=len(rows.keys() - before.keys()),
        changed=sum(id_ in before and before[id_] != row for id_, row in collected.rows.items()),
        notes=(*collected.notes(), *(f"unreadable: {words}" for words in found.described)),
    )


def _require_folder(table: Path, settings: ModelSettings) -> None:
    if table.is_dir():
        return
    if not table.exists():
        raise CommandFailed(f"{settings.data.path} does not exist; bring it here with: evergreen data pull")
    path = Path(settings.data.path)
    folder = path.with_suffix("")
    raise CommandFailed(
        f"{path} is a file, and a table that grows is a folder of files: captured rows are one more. Make it one: "
        f'mkdir {folder} && mv {path} {folder}/ and set path = "{folder.as_posix()}" in [data] of model.toml'
    )


def _records(captures: CaptureFiles, prefix: str, progress: Progress) -> Iterator[tuple[dict[str, Any], str]]:
    """All that is captured of a kind, each with the name of its object."""
    for found in captures.all_objects(prefix):
        progress(found.key)
        yield from ((record, found.key) for record in captures.records(found))
