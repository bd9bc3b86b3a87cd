"""Trains a version again: reads its lineage, gets its code from Git, runs the jobs' modules, compares the results."""

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

# Prefixes of variables that a training must not inherit: they lead to an AWS account or to MLflow, or change what
# Python runs.
_LEFT_OUT = ("AWS_", "MLFLOW_", "SAGEMAKER_", "SM_", "PYTHON", "TRAINING_IMAGE")
# Fields of a lineage that may differ between machines, with the words for them.
_COMPARED = {"cpu": "the CPU", "image": "the image", "source_sha256": "the code"}


@dataclass(frozen=True, kw_only=True)
class Original:
    """The version as it was trained: its digest, from Judge's decision, and its lineage."""

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
        """The commit that contains all of its code; None if it is unknown, or the work tree had changes."""
        commit = str(self.lineage["git_commit"])
        return None if commit == "unknown" or commit.endswith("-dirty") else commit


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """The result of the second training."""

    digest: str
    lineage: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Reproduction":
        model, contract = ((folder / name).read_bytes() for name in (bundle.MODEL, bundle.CONTRACT))
        return cls(
            digest=bundle.model_digest(model, contract), lineage=json.loads((folder / bundle.LINEAGE).read_bytes())
        )

    def differences(self, original: Original) -> list[str]:
        """Sentences: what differs from the first training. The doubts of its lineage are about the same things."""
        then, now = original.lineage, self.lineage
        libraries = sorted(then["libraries"].keys() | now["libraries"].keys())
        sentences = [
            f"{name}: {then['libraries'].get(name, 'none')} then, {now['libraries'].get(name, 'none')} now"
            for name in libraries
            if then["libraries"].get(name) != now["libraries"].get(name)
        ]
        return sentences + [
            f"{what}: {then[key]} then, {now[key]} now" for key, what in _COMPARED.items() if then[key] != now[key]
        ]


@contextmanager
def code_of(original: Original, checkout: Path, folder: Path) -> Iterator[Path]:
    """The code to train with: the version's commit in `folder`, or the checkout.

    The checkout is used if it is that commit without changes, or if the commit is not known.

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
    """Run a module of the training in a separate process, without an AWS account and without MLflow.

    Args:
        base: the folder to use instead of /opt/ml.

    Raises:
        CommandFailed: the module failed; the message has the last line of its standard error.
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
        words = answer.stderr.strip().splitlines() or ["without a message"]
        raise CommandFailed(f"{module} failed: {words[-1]}")
