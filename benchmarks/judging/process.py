"""Judges two bundles on disk in a separate process, which imports no more than the function does."""

import json
import resource
import sys
import time
from pathlib import Path

from evergreen.versions.bundle import Bundle
from functions.judge.judging import judge


def main(folder: Path) -> None:
    start = time.perf_counter()
    judge(_bundle(folder / "candidate"), _bundle(folder / "champion"))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _bundle(folder: Path) -> Bundle:
    return Bundle.read(lambda name: (folder / name).read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
