"""Installs packages in a job from the wheels that its archive carries, beside the image's own."""

import subprocess
import sys
from pathlib import Path

REQUIREMENTS = "requirements.txt"
# Of pip's words: a notification has room for them.
_CHARACTERS = 1000


class WheelsDoNotFit(Exception):
    """A wheel is missing, or is not one for this machine's Python."""


def install(wheels: Path, target: Path) -> None:
    """Install what the folder's requirements.txt names, and nothing else; nothing is fetched.

    Raises:
        WheelsDoNotFit: with pip's own words.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    source = ["--no-index", "--find-links", str(wheels), "--requirement", str(wheels / REQUIREMENTS)]
    ran = subprocess.run([*pip, *source, "--target", str(target)], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise WheelsDoNotFit(ran.stderr.strip()[-_CHARACTERS:])
