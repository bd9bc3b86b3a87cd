"""Measures the training workflow: its overhead over plain scikit-learn, its memory, and the bootstrap.

    python -m benchmarks.training [--quick] [--only NAME ...]

It prints tables, writes them to docs/training.md, and the figures to benchmarks/results/training.json; a run of some
parts, or a quick one, writes to .build/benchmarks instead.
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.places import BUILD, CHECKOUT
from benchmarks.places import RESULTS as RESULTS_FOLDER
from benchmarks.training import bootstrap as training_bootstrap
from benchmarks.training import report as training_report
from benchmarks.training import steps as training_steps

DOCUMENT = CHECKOUT / "docs" / "training.md"
RESULTS = RESULTS_FOLDER / "training.json"
_LIBRARIES = ("scikit-learn", "pandas", "numpy", "pyarrow")

Progress = Callable[[str], None]


def _measure_steps(quick: bool, progress: Progress) -> dict[str, Any]:
    return training_steps.measure(training_steps.QUICK if quick else training_steps.FULL, progress=progress)


def _measure_bootstrap(quick: bool, progress: Progress) -> dict[str, Any]:
    return training_bootstrap.measure(training_bootstrap.QUICK if quick else training_bootstrap.FULL, progress=progress)


PARTS: dict[str, Callable[[bool, Progress], dict[str, Any]]] = {
    "bootstrap": _measure_bootstrap,
    "steps": _measure_steps,
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="small tables, one round: a look, not a result")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help=f"parts to run: {', '.join(PARTS)}")
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    parser.add_argument("--document", type=Path, help="the Markdown file to write")
    options = parser.parse_args(arguments)
    # Only a whole run may replace what is published.
    whole = not (options.quick or options.only)
    output = options.output or (RESULTS if whole else BUILD / "training.json")
    document = options.document or (DOCUMENT if whole else BUILD / "training.md")
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)

    results: dict[str, Any] = {"machine": _machine(shlex.join(["python", "-m", "benchmarks.training", *arguments]))}
    for part in options.only or PARTS:
        results[part] = PARTS[part](options.quick, progress)
    results["seconds"] = round(time.monotonic() - started)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=1) + "\n")
    text = training_report.render(results)
    document.write_text(text)
    print(text)
    progress(f"written: {output}, {document}")


def _machine(command: str) -> dict[str, str]:
    described = machine.describe(command)
    kept = ("processor", "cores", "system", "python")
    libraries = {name: version(name) for name in _LIBRARIES}
    return {**{name: described[name] for name in kept}, **libraries, **{k: described[k] for k in ("date", "command")}}


if __name__ == "__main__":
    main(sys.argv[1:])
