"""The version of the data that a renewal makes: the table as it was, and all labelled predictions that are known."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evergreen.contract.contract import Contract
from evergreen.names import OBJECTS_PREFIX
from evergreen.versions.data_version import (
    CAPTURED,
    DataFile,
    DataVersion,
    folder_version,
    manifest,
    manifest_key,
    md5_of,
    object_key,
)
from training.collecting import month_files
from training.collecting.labelled_rows import Row


@dataclass(frozen=True, kw_only=True)
class Growth:
    """
    Attributes:
        version: with the captured rows, old and new.
        new: the prediction ids of the rows that no version had before.
    """

    version: DataVersion
    new: frozenset[str]


def grow(version: DataVersion, rows: Mapping[str, Row], contract: Contract, folder: Path) -> Growth:
    """Add labelled rows to a version. Its own files stay as they are; a single file becomes a folder's only one.

    Args:
        rows: by the prediction's id; a row that the version has already may have another label by now.
        folder: for the captured rows, empty.

    Raises:
        InvalidData: captured rows of the version have other columns than the contract.
    """
    captured = [file for file in version.files if month_files.is_captured(file.path)]
    before = month_files.read([file.path for file in captured])
    month_files.write(folder, {**before, **rows}, contract)
    files = [
        *(file for file in version.files if file not in captured),
        *(
            DataFile(name=f"{CAPTURED}/{path.name}", md5=md5_of(path), path=path)
            for path in month_files.files_of(folder)
        ),
    ]
    files.sort(key=lambda file: file.name)
    name = folder_version({file.name: file.md5 for file in files})
    return Growth(version=DataVersion(version=name, files=tuple(files)), new=frozenset(rows.keys() - before.keys()))


def store(version: DataVersion, *, objects: Path, manifests: Path, known: Sequence[DataFile], bucket: str) -> None:
    """Write what the data bucket lacks of a version into two folders, as it lies in the bucket below their prefixes.

    Args:
        objects: of the objects of DVC.
        known: files that the bucket has.
    """
    there = {file.md5 for file in known}
    for file in version.files:
        if file.md5 not in there:
            target = _below(objects, file.md5)
            shutil.copyfile(file.path, target)
    assert version.listing is not None
    _below(objects, version.version).write_bytes(version.listing)
    manifests.mkdir(parents=True, exist_ok=True)
    (manifests / Path(manifest_key(version.version)).name).write_bytes(manifest(version, bucket))


def _below(objects: Path, md5: str) -> Path:
    target = objects / object_key(md5).removeprefix(OBJECTS_PREFIX)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
