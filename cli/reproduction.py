"""A version trained again: its data and settings from the data bucket, its code from Git, the digest compared."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.aws.registry import JudgedVersion
from cli.aws.target import Target
from cli.data.git import Git
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.versions import bundle

# What could lead the training to an account or to MLflow, or change what Python runs.
_LEFT_OUT = ("AWS_", "MLFLOW_", "SAGEMAKER_", "SM_", "PYTHON", "TRAINING_IMAGE")
# What a training writes and a lineage says, which may differ from one machine to the next.
_COMPARED = {"cpu": "the CPU", "image": "the image", "source_sha256": "the code"}


@dataclass(frozen=True, kw_only=True)
class Original:
    """The version as it was trained: Judge's decision holds its digest, the lineage says what it came from."""

    version: str
    digest: str
    lineage: dict[str, Any]

    @classmethod
    def read(cls, target: Target, judged: JudgedVersion) -> "Original":
        bucket, key = target.outputs[names.OUTPUT_MODEL_BUCKET], judged.decision["bundle"] + bundle.LINEAGE
        content = target.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return cls(version=judged.version, digest=judged.decision["digest"], lineage=json.loads(content))

    @property
    def commit(self) -> str | None:
        """The commit that has all of its code; None when none is known to."""
        commit = str(self.lineage["git_commit"])
        return None if commit == "unknown" or commit.endswith("-dirty") else commit


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What training again gave."""

    digest: str
    lineage: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Reproduction":
        model, contract = ((folder / name).read_bytes() for name in (bundle.MODEL, bundle.CONTRACT))
        return cls(
            digest=bundle.model_digest(model, contract), lineage=json.loads((folder / bundle.LINEAGE).read_bytes())
        )

    def differences(self, original: Original) -> list[str]:
        """What was not the same as then, in sentences."""
        then, now = original.lineage, self.lineage
        libraries = sorted(then["libraries"].keys() | now["libraries"].keys())
        sentences = [
            f"{name}: {then['libraries'].get(name, 'none')} then, {now['libraries'].get(name, 'none')} now"
            for name in libraries
            if then["libraries"].get(name) != now["libraries"].get(name)
        ]
        sentences += [
            f"{what}: {then[key]} then, {now[key]} now" for key, what in _COMPARED.items() if then[key] != now[key]
        ]
        return [*sentences, *then["doubts"]]


@contextmanager
def code_of(original: Original, checkout: Path, folder: Path) -> Iterator[Path]:
    """The code to train with: the checkout if it is what the version was trained with, else its commit in `folder`.

    Raises:
        CommandFailed: this clone does not have the commit.
    """
    if original.commit is None:
        yield checkout
        return
    git = Git.containing(checkout)
    if not git.has_commit(original.commit):
        raise CommandFailed(
            f"{original.version} was trained by the code of commit {original.commit[:12]}, which this clone does not "
            "have. Run: git fetch --all"
        )
    clean = not git.run("status", "--porcelain", "--untracked-files=no")
    if clean and git.run("rev-parse", "HEAD").strip() == original.commit:
        yield checkout
        return
    with git.worktree(original.commit, folder) as worktree:
        yield worktree


def run_module(module: str, *arguments: str, code: Path, base: Path) -> None:
    """Run a module of the training in a process of its own, without an account and without MLflow.

    Args:
        base: the folder that stands for /opt/ml.

    Raises:
        CommandFailed: it failed; its own last words are in the message.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    answer = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=code,
        env={**kept, "SAGEMAKER_BASE_DIR": str(base)},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        words = answer.stderr.strip().splitlines() or ["it said nothing"]
        raise CommandFailed(f"{module} failed: {words[-1]}")
