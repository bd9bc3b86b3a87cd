"""The cost of the first check of a function process: unpacking and importing its packages, in fresh processes.

    python -S -m benchmarks.drift.start ZIP

is such a process: it unpacks the zip into the folder for temporary files, unless that was done before, imports the
check from there, and prints the seconds as JSON.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# At the top only the standard library and the checkout: the process has no other packages yet.
from functions.check_drift.packages import add_packages


def measure(*, rounds: int, rounds_without_bytecode: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Sizes in MB, medians in seconds."""
    from benchmarks.figures import median
    from benchmarks.places import BUILD
    from infra.packages.large_zip import large_zip

    progress("packaging")
    package = large_zip("check_drift", for_this_machine=True)
    found: dict[str, list[float]] = {}
    BUILD.mkdir(parents=True, exist_ok=True)
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        with tempfile.TemporaryDirectory(dir=BUILD, prefix="packages-") as folder:
            for name, seconds in _run(package, Path(folder)).items():
                found.setdefault(name, []).append(seconds)
            unpacked = [path for path in Path(folder).rglob("*") if path.is_file()]
            sizes = {
                "zip_mb": package.stat().st_size / 1e6,
                "unpacked_mb": sum(path.stat().st_size for path in unpacked) / 1e6,
                "files": len(unpacked),
            }
            if number >= rounds - rounds_without_bytecode:
                progress("without bytecode")
                for cache in list(Path(folder).rglob("__pycache__")):
                    shutil.rmtree(cache)
                found.setdefault("import_without_bytecode_s", []).append(_run(package, Path(folder))["import_s"])
    return {**sizes, **{name: median(values) for name, values in found.items()}}


def _run(package: Path, temporary: Path) -> dict[str, float]:
    # -S: no site-packages. As on AWS, no bytecode is written beside the package.
    command = [sys.executable, "-s", "-S", "-W", "ignore", "-m", "benchmarks.drift.start", str(package)]
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    checkout = Path(__file__).resolve().parents[2]
    finished = subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(finished.stdout)
    return figures


class CopyingClient:
    """An S3 client whose keys are paths. `seconds` is the time of its last copy."""

    seconds = 0.0

    def download_file(self, _bucket: str, key: str, target: str) -> None:
        started = time.perf_counter()
        shutil.copyfile(key, target)
        self.seconds = time.perf_counter() - started


def _first_check(package: str) -> dict[str, float]:
    client, started = CopyingClient(), time.perf_counter()
    add_packages(client, bucket="", key=package)
    unpacked = time.perf_counter()
    importlib.import_module("functions.check_drift.check")
    imported = time.perf_counter()
    place = sys.modules["evidently"].__file__ or ""
    assert place.startswith(tempfile.gettempdir()), f"Evidently comes from {place}"
    return {"unpack_s": unpacked - started - client.seconds, "import_s": imported - unpacked}


if __name__ == "__main__":
    print(json.dumps(_first_check(sys.argv[1])))
