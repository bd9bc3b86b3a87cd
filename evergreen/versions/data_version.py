"""A version of the data, named by the hash of its content as in DVC, and where its files are stored.

A file's version is its MD5 in hexadecimal; a folder's is the MD5 of DVC's listing of its files, and `.dir`. The data
bucket stores both where `dvc push` puts them, so that DVC, the command line and the workflow share all objects.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evergreen.errors import InvalidData
from evergreen.names import DATA_PREFIX, NEWS, OBJECTS_PREFIX

# The folder, in a table's, of the rows that were captured.
CAPTURED = "captured"
# The suffix of a folder's version.
FOLDER = ".dir"
# Folders that DVC ignores too.
_UNSEEN = {".git", ".hg", ".dvc"}
_MANIFEST = ".manifest"


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file: its name as the user knows it (within a folder, its path in it), and its present path."""

    name: str
    md5: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class DataVersion:
    """All files of a version, sorted by name."""

    version: str
    files: tuple[DataFile, ...]

    @property
    def listing(self) -> bytes | None:
        """DVC's listing of a folder, whose MD5 is the version; None for a single file."""
        return _listing({file.name: file.md5 for file in self.files}) if self.version.endswith(FOLDER) else None


def of_path(path: Path) -> DataVersion:
    """The version of a file or a folder on the disk.

    Raises:
        InvalidData: there is no such file, or the folder has none.
    """
    if path.is_file():
        file = DataFile(name=path.name, md5=md5_of(path), path=path)
        return DataVersion(version=file.md5, files=(file,))
    if not path.is_dir():
        raise InvalidData(f"{path} does not exist")
    files = tuple(DataFile(name=name, md5=md5_of(path / name), path=path / name) for name in sorted(_names_below(path)))
    if not files:
        raise InvalidData(f"the folder {path} has no files")
    return DataVersion(version=folder_version({file.name: file.md5 for file in files}), files=files)


def of_channel(folder: Path, name: str, version: str) -> DataVersion:
    """A version in the folder that SageMaker has put its objects into.

    They are known by their content: whether a job's folder keeps the objects' own folders is not documented.

    Args:
        name: the table's path in model.toml; objects have no names of their own.
        version: that the manifest is of.

    Raises:
        InvalidData: an object is missing, or its content is not what its name says.
    """
    objects = {md5_of(path): path for path in folder.rglob("*") if path.is_file()}

    def found(md5: str, what: str) -> Path:
        if md5 not in objects:
            raise InvalidData(f"{what} is missing among the objects in the data bucket, or was altered: {md5}")
        return objects[md5]

    if not version.endswith(FOLDER):
        file = DataFile(name=PurePosixPath(name).name, md5=version, path=found(version, name))
        return DataVersion(version=version, files=(file,))
    listing = found(version.removesuffix(FOLDER), f"the list of the files in {name}")
    entries = read_listing(listing.read_bytes())
    files = tuple(
        DataFile(name=file, md5=md5, path=found(md5, f"{file}, a file of {name},"))
        for file, md5 in sorted(entries.items())
    )
    return DataVersion(version=version, files=files)


def object_key(md5: str) -> str:
    """The key in the data bucket of a file or a folder's listing."""
    return f"{OBJECTS_PREFIX}{md5[:2]}/{md5[2:]}"


def manifest_key(version: str) -> str:
    """The key in the data bucket of the list that tells SageMaker which objects a version has."""
    return f"{DATA_PREFIX}{version}{_MANIFEST}"


def news_key(version: str) -> str:
    """The key in the data bucket of the note that a version is new: S3 tells the stack of it.

    A manifest does not say so: a training writes one for a table that it trains on anyway, and a renewal at its end.
    """
    return f"{DATA_PREFIX}{version}{NEWS}"


def version_of_manifest(uri: str) -> str | None:
    """The version that a manifest's key or URI is of; None for another object."""
    name = uri.rpartition("/")[2]
    return name.removesuffix(_MANIFEST) if name.endswith(_MANIFEST) else None


def manifest(version: DataVersion, bucket: str) -> bytes:
    """A SageMaker manifest: the objects of the version, and a folder's listing, which knows the files' names."""
    md5s = {file.md5 for file in version.files}
    if version.version.endswith(FOLDER):
        md5s.add(version.version)
    entries = [object_key(md5).removeprefix(OBJECTS_PREFIX) for md5 in sorted(md5s)]
    return json.dumps([{"prefix": f"s3://{bucket}/{OBJECTS_PREFIX}"}, *entries]).encode()


def folder_version(md5s: Mapping[str, str]) -> str:
    """The version of a folder, from the MD5 of each file by the path in it."""
    return hashlib.md5(_listing(md5s), usedforsecurity=False).hexdigest() + FOLDER


def read_listing(content: bytes) -> dict[str, str]:
    """The MD5 of each file of a folder, by the path in it.

    Raises:
        InvalidData: it is not DVC's listing, or a path leads out of the folder.
    """
    try:
        md5s = {entry["relpath"]: entry["md5"] for entry in json.loads(content)}
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidData(f"the listing of the folder's files is not DVC's: {error}") from error
    for name in md5s:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise InvalidData(f"the listing of the folder's files names {name!r}, which lies outside of it")
    return md5s


def md5_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _listing(md5s: Mapping[str, str]) -> bytes:
    """DVC's form of it, to the byte: its MD5 is the folder's address."""
    return json.dumps([{"md5": md5s[name], "relpath": name} for name in sorted(md5s)]).encode()


def _names_below(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not _UNSEEN.intersection(relative.parts):
            yield relative.as_posix()
