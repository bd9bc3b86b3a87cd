"""Measures the drift check: false alarms and what it finds, a window of a million rows, and its first start.

    python -m benchmarks.drift [--quick] [--only NAME ...]

It prints tables, writes them to docs/drift.md, and the figures to benchmarks/results/drift.json; a run of some parts,
or a quick one, writes to .build/benchmarks instead.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.drift import power as drift_power
from benchmarks.drift import report as drift_report
from benchmarks.drift import start as drift_start
from benchmarks.drift import volume as drift_volume
from benchmarks.places import BUILD, CHECKOUT
from benchmarks.places import RESULTS as RESULTS_FOLDER

DOCUMENT = CHECKOUT / "docs" / "drift.md"
RESULTS = RESULTS_FOLDER / "drift.json"
_LIBRARIES = ("evidently", "scipy", "pandas", "numpy")

Progress = Callable[[str], None]


def _measure_power(quick: bool, progress: Progress) -> dict[str, Any]:
    effort = drift_power.QUICK if quick else drift_power.FULL
    return drift_power.measure(effort, workers=os.cpu_count() or 1, progress=progress)


def _measure_volume(quick: bool, progress: Progress) -> dict[str, Any]:
    effort = drift_volume.QUICK if quick else drift_volume.FULL
    return drift_volume.measure(effort, workers=os.cpu_count() or 1, progress=progress)


def _measure_start(quick: bool, progress: Progress) -> dict[str, Any]:
    return drift_start.measure(rounds=1 if quick else 3, rounds_without_bytecode=1, progress=progress)


PARTS: dict[str, Callable[[bool, Progress], dict[str, Any]]] = {
    "power": _measure_power,
    "volume": _measure_volume,
    "start": _measure_start,
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a result")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help=f"parts to run: {', '.join(PARTS)}")
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    parser.add_argument("--document", type=Path, help="the Markdown file to write")
    options = parser.parse_args(arguments)
    # Only a whole run may replace what is published.
    whole = not (options.quick or options.only)
    output = options.output or (RESULTS if whole else BUILD / "drift.json")
    document = options.document or (DOCUMENT if whole else BUILD / "drift.md")
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)

    results: dict[str, Any] = {"machine": _machine(shlex.join(["python", "-m", "benchmarks.drift", *arguments]))}
    for part in options.only or PARTS:
        results[part] = PARTS[part](options.quick, _labelled(part, progress))
    results["seconds"] = round(time.monotonic() - started)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=1) + "\n")
    text = drift_report.render(results)
    document.write_text(text)
    print(text)
    progress(f"written: {output}, {document}")


def _machine(command: str) -> dict[str, str]:
    described = machine.describe(command)
    kept = ("processor", "cores", "system", "python")
    libraries = {name: version(name) for name in _LIBRARIES}
    return {**{name: described[name] for name in kept}, **libraries, **{k: described[k] for k in ("date", "command")}}


def _labelled(part: str, progress: Progress) -> Progress:
    return lambda text: progress(f"{part}: {text}")


if __name__ == "__main__":
    main(sys.argv[1:])
