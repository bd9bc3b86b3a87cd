"""Runs programs with the Python that has Feast, .venv-features, and does without it where it is not installed."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.places import CHECKOUT
from local import environments

PYTHON = CHECKOUT / ".venv-features" / "bin" / "python"
# Without assertions, as Evergreen runs Feast: with them, it takes three times as long to import.
COMMAND = (str(PYTHON), "-O", "-W", "ignore")
FEAST = "Feast"


class FeastUnavailable(Exception):
    """Feast is not installed here. What needs it is reported as missing; the rest is measured."""


def require() -> None:
    """
    Raises:
        FeastUnavailable: its environment was not made.
    """
    if not PYTHON.exists():
        raise FeastUnavailable("its environment is not there; run: make .venv-features/.ready")


def version() -> str:
    """Of Feast, without importing it."""
    asked = [str(PYTHON), "-c", "from importlib.metadata import version; print(version('feast'))"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Of a program with Feast: this machine's and this checkout, credentials of nobody, and `more`."""
    return {
        **environments.base(),
        **environments.ROOT_CREDENTIALS,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(CHECKOUT),
        **more,
    }


def measured(
    module: str, *arguments: str | Path, folder: Path = CHECKOUT, more: Mapping[str, str] | None = None
) -> dict[str, float]:
    """What `benchmarks.feature_store.process` says of a module's main.

    Args:
        folder: its working directory: Feast's own side reads the repository that lies there.
        more: environment variables.
    """
    with tempfile.TemporaryDirectory() as name:
        result = Path(name) / "result.json"
        run("-m", "benchmarks.feature_store.process", result, module, *arguments, folder=folder, more=more)
        taken: dict[str, float] = json.loads(result.read_text())
    return taken


def run(*words: str | Path, folder: Path, more: Mapping[str, str] | None = None) -> None:
    """Run Feast's Python.

    Raises:
        RuntimeError: it failed; the message has the end of what it said.
    """
    variables = environment(more or {})
    finished = subprocess.run(
        [*COMMAND, *map(str, words)], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {(finished.stdout + finished.stderr)[-2000:]}")


def apply(folder: Path, more: Mapping[str, str]) -> None:
    """`feast apply` in a repository: its registry is made."""
    run("-m", "feast.cli.cli", "apply", folder=folder, more=more)
