"""Runs DVC as a separate process, with the data bucket of one stack as its remote."""

import os
import subprocess
import sys
from pathlib import Path

from cli.aws.target import Target
from evergreen import names
from evergreen.errors import CommandFailed


def root_of(folder: Path) -> Path | None:
    """The root of the DVC repository that contains a folder; None if there is none."""
    folder = folder.resolve()
    return next((parent for parent in (folder, *folder.parents) if (parent / ".dvc").is_dir()), None)


class DvcRepository:
    """The DVC repository that contains a folder."""

    def __init__(self, folder: Path, target: Target) -> None:
        """
        Raises:
            CommandFailed: there is none.
        """
        root = root_of(folder)
        if root is None:
            raise CommandFailed(f"{folder} is not in a DVC repository. Make one with: dvc init")
        self._root = root
        self._remote = names.stack_name(target.environment)
        self._url = f"s3://{target.outputs[names.OUTPUT_DATA_BUCKET]}/{names.DVC_PREFIX.rstrip('/')}"
        self._region = target.session.region_name

    def add(self, path: Path) -> None:
        """Copy a file or folder into the cache; write its .dvc file and .gitignore."""
        self._run("add", str(path))

    def push(self, path: Path | None = None) -> str:
        """Upload what the bucket lacks of a path, or of all that DVC tracks; return DVC's last line of output."""
        self._name_remote()
        said = self._run("push", "--remote", self._remote, *([str(path)] if path else []))
        return said.splitlines()[-1].rstrip(".").lower() if said else ""

    def _name_remote(self) -> None:
        """Write the remote to .dvc/config.local, which Git ignores. `dvc push` and `dvc pull` by hand use it too."""
        local = self._root / ".dvc" / "config.local"
        if not local.is_file() or f"{self._url}\n" not in local.read_text():
            self._run("remote", "add", "--local", "--force", "--default", self._remote, self._url)

    def _run(self, *arguments: str) -> str:
        """
        Raises:
            CommandFailed: DVC failed; its error is in the message.
        """
        # DVC does not read AWS_REGION, which the target uses.
        region = {"AWS_DEFAULT_REGION": self._region} if self._region else {}
        answer = subprocess.run(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=self._root,
            env={**os.environ, **region, "DVC_NO_ANALYTICS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            words = [line.removeprefix("ERROR: ") for line in answer.stderr.splitlines() if line.startswith("ERROR: ")]
            raise CommandFailed(f"dvc {arguments[0]} failed: {'; '.join(words) or answer.stderr.strip()}")
        return answer.stdout.strip()
