"""Installs Feast in a job from the wheels of its archive, beside the image's own packages: python -m
training.install_feast. An archive for this machine has no wheels, and Feast is elsewhere there.
"""

import os
import subprocess
import sys
from pathlib import Path

from evergreen import names
from evergreen.errors import InvalidFeatures
from training import job

WHEELS = Path("feast-wheels")
REQUIREMENTS = WHEELS / "requirements.txt"


def main() -> None:
    """Install from the working directory, where the archive was unpacked; nothing is fetched.

    Raises:
        InvalidFeatures: a wheel does not fit the image.
    """
    if not WHEELS.is_dir():
        return
    target = os.environ[names.FEAST_PACKAGES]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    source = ["--no-index", "--find-links", str(WHEELS), "--requirement", str(REQUIREMENTS)]
    ran = subprocess.run([*pip, *source, "--target", target], stderr=subprocess.PIPE, text=True, check=False)
    if ran.returncode:
        raise InvalidFeatures(f"Feast could not be installed in the job: {ran.stderr.strip()[-1000:]}")


if __name__ == "__main__":
    job.run(main, "message")
