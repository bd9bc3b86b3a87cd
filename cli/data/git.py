"""The Git operations that commands need: the history of a file, a commit of some paths, a second work tree."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evergreen.errors import CommandFailed


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit and the first line of its message."""

    id: str
    when: datetime
    message: str


class Git:
    """One work tree. Methods take paths on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def containing(cls, folder: Path) -> "Git":
        """
        Raises:
            CommandFailed: the folder is in no Git repository, or there is no Git.
        """
        try:
            answer = subprocess.run(
                ["git", "rev-parse", "--show-toplevel"], cwd=folder, capture_output=True, text=True, check=True
            )
        except FileNotFoundError as error:
            raise CommandFailed(f"git is not installed, or there is no folder {folder}") from error
        except subprocess.CalledProcessError as error:
            raise CommandFailed(
                f"{folder} is not in a Git repository, which keeps the versions of the data. Make one with: git init"
            ) from error
        return cls(Path(answer.stdout.strip()))

    def run(self, *arguments: str) -> str:
        """The command's output.

        Raises:
            CommandFailed: Git failed; its error is in the message.
        """
        return self.read(*arguments).decode()

    def read(self, *arguments: str) -> bytes:
        """As `run`, for content that may not be text."""
        answer = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, check=False)
        if answer.returncode:
            words = (answer.stderr or answer.stdout).decode().strip()
            raise CommandFailed(f"git {' '.join(arguments[:2])} failed: {words}")
        return answer.stdout

    def name(self, path: Path) -> str:
        """A path as Git names it, from the root. Its last part is not resolved: it may be a link into DVC's cache."""
        return (path.parent.resolve() / path.name).relative_to(self.root.resolve()).as_posix()

    def tracks(self, path: Path) -> bool:
        return bool(self.run("ls-files", "--", self.name(path)))

    def has_commit(self, commit: str) -> bool:
        answer = subprocess.run(
            ["git", "cat-file", "-e", f"{commit}^{{commit}}"], cwd=self.root, capture_output=True, check=False
        )
        return answer.returncode == 0

    def history(self, *paths: Path) -> list[Commit]:
        """The commits that touched a path, newest first."""
        if not self.run("rev-list", "--all", "--max-count=1"):
            return []
        lines = self.run("log", "--format=%H%x00%ct%x00%s", "--", *map(self.name, paths)).splitlines()
        fields = (line.split("\0", 2) for line in lines)
        return [
            Commit(id=id_, when=datetime.fromtimestamp(int(moment), UTC), message=message)
            for id_, moment, message in fields
        ]

    def files_at(self, commit: str, path: Path) -> list[str]:
        """The files at a path in a commit, as Git names them: the path itself, or what is below it."""
        return [
            name
            for name in self.run("ls-tree", "-rz", "--name-only", commit, "--", self.name(path)).split("\0")
            if name
        ]

    def content(self, commit: str, name: str) -> bytes:
        """A file of a commit, by the name that Git gives it."""
        return self.read("cat-file", "blob", f"{commit}:{name}")

    def commit(self, paths: list[Path], message: str) -> bool:
        """Commit these paths, without others that may be staged; False if there is nothing to commit."""
        written = [self.name(path) for path in paths]
        self.run("add", "--", *written)
        if not self.run("status", "--porcelain", "--", *written):
            return False
        self.run("commit", "--quiet", "--only", "--message", message, "--", *written)
        return True

    @contextmanager
    def worktree(self, commit: str, folder: Path) -> Iterator[Path]:
        """A work tree of a commit in `folder`, which is removed at the end."""
        self.run("worktree", "add", "--detach", "--force", str(folder), commit)
        try:
            yield folder
        finally:
            self.run("worktree", "remove", "--force", str(folder))
