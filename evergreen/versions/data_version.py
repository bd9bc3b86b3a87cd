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
from evergreen.names import DATA_PREFIX, DVC_PREFIX

# The suffix of a folder's version.
FOLDER = ".dir"
# Folders that DVC ignores too.
_UNSEEN = {".git", ".hg", ".dvc"}
_MANIFEST = ".manifest"
_OBJECTS = f"{DVC_PREFIX}files/md5/"


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


def of_channel(folder: Path, name: str) -> DataVersion:
    """The version whose objects SageMaker has put into a job's folder, each as `ab/cdef...`.

    Args:
        name: the table's path in model.toml; objects have no names of their own.

    Raises:
        InvalidData: an object is missing, or its content is not what its name says.
    """
    objects = {path.parent.name + path.name: path for path in folder.rglob("*") if path.is_file()}
    for md5, path in objects.items():
        if md5_of(path) != md5.removesuffix(FOLDER):
            raise InvalidData(f"the object {md5} of {name} was altered in the data bucket: its MD5 is another")
    folders = [md5 for md5 in objects if md5.endswith(FOLDER)]
    if not folders and len(objects) == 1:
        [(md5, path)] = objects.items()
        return DataVersion(version=md5, files=(DataFile(name=PurePosixPath(name).name, md5=md5, path=path),))
    if len(folders) != 1:
        raise InvalidData(f"the data channel holds {len(objects)} objects of {name}, and {len(folders)} list the files")
    entries = read_listing(objects[folders[0]].read_bytes())
    missing = [file for file, md5 in entries.items() if md5 not in objects]
    if missing:
        raise InvalidData(f"the data channel lacks {missing[0]}, a file of {name}")
    files = tuple(DataFile(name=file, md5=entries[file], path=objects[entries[file]]) for file in sorted(entries))
    return DataVersion(version=folders[0], files=files)


def object_key(md5: str) -> str:
    """The key in the data bucket of a file or a folder's listing."""
    return f"{_OBJECTS}{md5[:2]}/{md5[2:]}"


def manifest_key(version: str) -> str:
    """The key in the data bucket of the list that tells SageMaker which objects a version has."""
    return f"{DATA_PREFIX}{version}{_MANIFEST}"


def version_of_manifest(uri: str) -> str | None:
    """The version that a manifest's key or URI is of; None for another object."""
    name = uri.rpartition("/")[2]
    return name.removesuffix(_MANIFEST) if name.endswith(_MANIFEST) else None


def manifest(version: DataVersion, bucket: str) -> bytes:
    """A SageMaker manifest: the objects of the version, and a folder's listing, which knows the files' names."""
    md5s = {file.md5 for file in version.files}
    if version.version.endswith(FOLDER):
        md5s.add(version.version)
    entries = [object_key(md5).removeprefix(_OBJECTS) for md5 in sorted(md5s)]
    return json.dumps([{"prefix": f"s3://{bucket}/{_OBJECTS}"}, *entries]).encode()


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
