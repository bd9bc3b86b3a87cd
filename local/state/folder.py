"""A folder that holds one state at a time: all of it, or the one before.

    manifest.json    which snapshot holds, its versions, and when it was saved; it is replaced last
    snapshots/<sha>  the state as a pickle, without its large contents
    blobs/<sha>      contents, each once: objects, packages of functions, databases

Every file is written under another name, flushed to the disk, and renamed. So a save that fails, or a machine that
loses its power, leaves the state of the save before. What is read back is held against its SHA-256.
"""

import contextlib
import functools
import hashlib
import io
import json
import os
import pickle
import shutil
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local import engine

# The folder, in the cloud's home.
STATE = "state"
# Of this module's files, and of what `contents.py` puts into them. A state of another number is refused.
FORMAT = 1
# Exit codes of a server whose state could not be saved at its end, or not be read at its start: EX_IOERR, EX_DATAERR.
NOT_SAVED, UNREADABLE = 74, 65
# Contents of at least so many bytes are files of their own, which the next save does not write again.
_BLOB_BYTES = 4096


class StateError(RuntimeError):
    """A kept state cannot be used, or a state cannot be kept; the message says why."""


@dataclass(frozen=True)
class Manifest:
    """
    Attributes:
        snapshot: the SHA-256 of the snapshot.
        saved: when, in seconds since the epoch.
        at_stop: whether it was saved when the cloud was stopped, and not before a crash.
        facts: what the cloud must have again to be the same: its region and its ports.
        files: the SHA-256 of the contents that have a name.
        format, versions: of what has written it.
    """

    snapshot: str
    saved: float
    at_stop: bool
    facts: dict[str, Any]
    files: dict[str, str]
    format: int
    versions: dict[str, str]


def present_versions() -> dict[str, str]:
    """Of the packages whose own structures the state consists of."""
    return {name: version(name) for name in ("ministack", "mlflow")}


class StateFolder:
    """Saves a state into `path`, and reads the one that was saved last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._manifest = path / "manifest.json"
        # By identity, so that contents that have not changed are not hashed again; the content keeps its identity.
        self._digests: dict[int, tuple[bytes, str]] = {}

    def manifest(self) -> Manifest | None:
        """Of the state in the folder; None if there is none.

        Raises:
            StateError: it cannot be read, or other versions have written it.
        """
        try:
            found = Manifest(**json.loads(self._manifest.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise StateError(f"{self._manifest} cannot be read ({error})") from error
        if found.format != FORMAT:
            raise StateError(f"it has the format {found.format}; this version of Evergreen reads {FORMAT}")
        if found.versions != present_versions():
            raise StateError(f"{_named(found.versions)} wrote it, and {_named(present_versions())} are installed")
        return found

    def save(self, content: Any, *, facts: Mapping[str, Any], files: Mapping[str, bytes], at_stop: bool) -> bool:
        """Keep `content` instead of what was kept before; returns whether anything was written.

        Raises:
            StateError: the content holds a value of a class that is not kept.
            OSError: it could not be written. The state before is unchanged.
        """
        writing = _Writing(self._path, self._digests)
        try:
            named = {name: writing.blob(data) for name, data in files.items()}
            snapshot = writing.snapshot(content)
            if not at_stop and self._holds(snapshot, named):
                return False
            manifest = Manifest(
                snapshot=snapshot,
                saved=time.time(),
                at_stop=at_stop,
                facts=dict(facts),
                files=named,
                format=FORMAT,
                versions=present_versions(),
            )
            _write(self._manifest, json.dumps(asdict(manifest), indent=2).encode())
        except BaseException:
            writing.undo()
            raise
        self._digests = writing.digests
        self._remove_all_but({snapshot}, {*named.values(), *(digest for _, digest in self._digests.values())})
        return True

    def load(self, manifest: Manifest) -> Any:
        """
        Raises:
            StateError: a file is missing or damaged.
        """
        pickled = self._read("snapshots", manifest.snapshot)
        blobs: dict[str, bytes] = {}

        def blob(digest: str) -> bytes:
            if digest not in blobs:
                blobs[digest] = self._read("blobs", digest)
                self._digests[id(blobs[digest])] = (blobs[digest], digest)
            return blobs[digest]

        try:
            return _Unpickler(io.BytesIO(pickled), blob).load()
        except (pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError, TypeError) as error:
            raise StateError(f"its snapshot cannot be read ({error})") from error

    def file(self, manifest: Manifest, name: str) -> bytes | None:
        """The content of this name; None if it had none. Raises StateError if it is missing or damaged."""
        return self._read("blobs", manifest.files[name]) if name in manifest.files else None

    def forget(self) -> None:
        """Delete the state, the manifest first."""
        self._manifest.unlink(missing_ok=True)
        shutil.rmtree(self._path, ignore_errors=True)

    def _holds(self, snapshot: str, files: dict[str, str]) -> bool:
        try:
            present = self.manifest()
        except StateError:
            return False
        return present is not None and (present.snapshot, present.files) == (snapshot, files)

    def _read(self, folder: str, digest: str) -> bytes:
        file = self._path / folder / digest
        try:
            content = file.read_bytes()
        except OSError as error:
            raise StateError(f"{file} cannot be read ({error.strerror})") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise StateError(f"{file} is damaged")
        return content

    def _remove_all_but(self, snapshots: set[str], blobs: set[str]) -> None:
        for folder, wanted in (("snapshots", snapshots), ("blobs", blobs)):
            for file in (self._path / folder).glob("*"):
                if file.name not in wanted:
                    file.unlink(missing_ok=True)


class _Writing:
    """One save. What it has added is taken away again if it fails: the disk may be full because of it."""

    def __init__(self, path: Path, known: dict[int, tuple[bytes, str]]) -> None:
        self._path = path
        self._known = known
        self._added: list[Path] = []
        self.digests: dict[int, tuple[bytes, str]] = {}

    def blob(self, content: bytes) -> str:
        """Write a content if no save before has; returns its SHA-256."""
        _, digest = self._known.get(id(content)) or (content, hashlib.sha256(content).hexdigest())
        self.digests[id(content)] = (content, digest)
        return self._add("blobs", digest, content)

    def snapshot(self, content: Any) -> str:
        """Write a state and its contents; returns the SHA-256 of the snapshot."""
        buffer = io.BytesIO()
        _Pickler(buffer, self.blob).dump(content)
        return self._add("snapshots", hashlib.sha256(buffer.getbuffer()).hexdigest(), buffer.getvalue())

    def undo(self) -> None:
        for file in self._added:
            with contextlib.suppress(OSError):
                file.unlink()

    def _add(self, folder: str, digest: str, content: bytes) -> str:
        file = self._path / folder / digest
        if not file.exists():
            _write(file, content)
            self._added.append(file)
        return digest


@functools.cache
def _classes() -> tuple[type, ...]:
    """All that a state may consist of, besides Python's plain values. Nothing else is written or read.

    A pickle could otherwise name any function.
    """
    stores = (engine.ACCOUNT_STORE.get(), engine.REGION_STORE.get())
    return (*stores, deque, OrderedDict, defaultdict, set, frozenset, dict, list, bytearray)


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, blob: Any) -> None:
        super().__init__(file, protocol=5)
        self._blob = blob

    def persistent_id(self, value: Any) -> str | None:
        return self._blob(value) if type(value) is bytes and len(value) >= _BLOB_BYTES else None

    def reducer_override(self, value: Any) -> Any:
        if type(value) in _classes() or (isinstance(value, type) and value in _classes()):
            return NotImplemented
        # JSONata's results are lists of a class of its own.
        if isinstance(value, dict):
            return dict, (dict(value),)
        if isinstance(value, list):
            return list, (list(value),)
        raise StateError(f"a value of the class {type(value).__module__}.{type(value).__qualname__} cannot be kept")


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, blob: Any) -> None:
        super().__init__(file)
        self._blob = blob

    def persistent_load(self, digest: str) -> bytes:
        return self._blob(digest)

    def find_class(self, module: str, name: str) -> Any:
        for known in _classes():
            if (module, name) == (known.__module__, known.__qualname__):
                return known
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a state")


def _write(file: Path, content: bytes) -> None:
    """Write a file so that it is whole on the disk, or not there."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with unfinished.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _named(versions: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {number}" for name, number in versions.items())
