"""The versions of a table in Git's history: of its .dvc file, or of the table itself where Git tracks it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from cli.data.git import Commit, Git
from evergreen.errors import CommandFailed, InvalidData
from evergreen.versions import data_version


@dataclass(frozen=True, kw_only=True)
class TableVersion:
    """A version, its size in bytes, and the newest commit that has it; a version of the bucket has no commit."""

    version: str
    when: datetime
    size: int | None = None
    commit: str = ""
    message: str = ""


class TableHistory:
    """The history of a table, a file or a folder, in the Git repository that contains it, if there is one."""

    def __init__(self, table: Path) -> None:
        self.table = table
        self.pointer = table.with_name(table.name + ".dvc")
        try:
            self._git: Git | None = Git.containing(table.parent)
        except CommandFailed:
            self._git = None

    def present(self) -> str | None:
        """The version on the disk; None if the table is not there."""
        return data_version.of_path(self.table).version if self.table.exists() else None

    def declared(self) -> str | None:
        """The version that the .dvc file on the disk names; None if there is no such file."""
        return _parse(self.pointer.read_bytes(), self.pointer.name)[0] if self.pointer.is_file() else None

    def versions(self) -> list[TableVersion]:
        """Every committed version, the newest first."""
        if self._git is None:
            return []
        found: dict[str, TableVersion] = {}
        for commit in self._git.history(self.pointer, self.table):
            if version := self._at(self._git, commit):
                found.setdefault(version.version, version)
        return list(found.values())

    def pointer_at(self, commit: str) -> bytes | None:
        """The .dvc file of a commit; None where Git has the table itself."""
        if self._git is None or not self._git.files_at(commit, self.pointer):
            return None
        return self._git.content(commit, self._git.name(self.pointer))

    def write_from_git(self, commit: str, to: Path) -> None:
        """Write the table as Git itself has it in a commit, as the file or the folder `to`."""
        for name, content in self._contents(commit).items():
            file = to / name if name else to
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def _at(self, git: Git, commit: Commit) -> TableVersion | None:
        pointer = self.pointer_at(commit.id)
        if pointer is not None:
            version, size = _parse(pointer, f"{git.name(self.pointer)} of commit {commit.id[:12]}")
        else:
            contents = self._contents(commit.id)
            if not contents:
                return None
            md5s = {name: hashlib.md5(content, usedforsecurity=False).hexdigest() for name, content in contents.items()}
            version = md5s[""] if "" in md5s else data_version.folder_version(md5s)
            size = sum(map(len, contents.values()))
        return TableVersion(version=version, when=commit.when, size=size, commit=commit.id, message=commit.message)

    def _contents(self, commit: str) -> dict[str, bytes]:
        """Each file's content by its path in the folder; the path of a single file is empty."""
        assert self._git is not None
        table = self._git.name(self.table)
        return {
            name.removeprefix(table).removeprefix("/"): self._git.content(commit, name)
            for name in self._git.files_at(commit, self.table)
        }


def _parse(pointer: bytes, name: str) -> tuple[str, int | None]:
    """Version and size that a .dvc file names."""
    try:
        out = yaml.safe_load(pointer)["outs"][0]
        return str(out["md5"]), out.get("size")
    except (yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise InvalidData(f"{name} is not a .dvc file that names one version of a table") from error
