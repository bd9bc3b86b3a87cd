"""Installs Feast in a job from the wheels of its archive, beside the image's own packages: python -m
training.install_feast. An archive for this machine has no wheels, and Feast is elsewhere there.
"""

import os
from pathlib import Path

from evergreen import names
from evergreen.errors import InvalidFeatures
from training import job, wheels

WHEELS = Path("feast-wheels")


def main() -> None:
    """Install from the working directory, where the archive was unpacked; nothing is fetched.

    Raises:
        InvalidFeatures: a wheel does not fit the image.
    """
    if not WHEELS.is_dir():
        return
    try:
        wheels.install(WHEELS, Path(os.environ[names.FEAST_PACKAGES]))
    except wheels.WheelsDoNotFit as error:
        raise InvalidFeatures(f"Feast could not be installed in the job: {error}") from error


if __name__ == "__main__":
    job.run(main, "message")
