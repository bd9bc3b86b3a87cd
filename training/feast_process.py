"""Runs Feast in a process of its own: its packages and its memory stay out of this one."""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from evergreen import names
from evergreen.errors import InvalidFeatures

# Of what the process has said: a message has room for it.
_LINES, _CHARACTERS = 20, 2000
_MISSING = "No module named 'feast'"


def run(module: str, *arguments: str) -> None:
    """Run a module of training/feature_store; its lines are printed as they come.

    Raises:
        InvalidFeatures: it has failed; the message is its own.
    """
    # Without assertions, since with them a library of Feast's takes seconds to look at each of its classes.
    command = [os.environ.get(names.FEAST_PYTHON) or sys.executable, "-O", "-m", f"training.feature_store.{module}"]
    said: deque[str] = deque(maxlen=_LINES)
    with subprocess.Popen(
        [*command, *arguments], env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.rstrip())
            print(line, end="", flush=True)
    if process.returncode:
        raise InvalidFeatures(_reason(said) or f"Feast's process has ended with {process.returncode}")


def _reason(said: deque[str]) -> str:
    if any(_MISSING in line for line in said):
        return "Feast is not installed on this machine; run: evergreen features apply"
    own = [line.removeprefix("evergreen: ") for line in said if line.startswith("evergreen: ")]
    return "\n".join(own or [*said][-1:])[-_CHARACTERS:]


def _environment() -> Mapping[str, str]:
    """That of a process with Feast: its packages, where a job has them beside the image's, and this code."""
    places = (os.environ.get(names.FEAST_PACKAGES, ""), str(Path(__file__).parents[1]))
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(place for place in places if place),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
    }
