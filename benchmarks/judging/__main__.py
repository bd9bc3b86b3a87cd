"""Measures Judge: how often chance is promoted, how often a better model is, and what a large holdout takes.

    python -m benchmarks.judging [--quick] [--only NAME ...]

It prints tables, writes them to docs/judging.md, and the figures to benchmarks/results/judging.json; a run of some
parts, or a quick one, writes to .build/benchmarks instead.
"""

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from benchmarks import machine
from benchmarks.judging import large as judging_large
from benchmarks.judging import rates as judging_rates
from benchmarks.judging import report as judging_report
from benchmarks.places import BUILD, CHECKOUT
from benchmarks.places import RESULTS as RESULTS_FOLDER

DOCUMENT = CHECKOUT / "docs" / "judging.md"
RESULTS = RESULTS_FOLDER / "judging.json"

Progress = Callable[[str], None]


def _measure_rates(quick: bool, progress: Progress) -> dict[str, Any]:
    effort = judging_rates.QUICK if quick else judging_rates.FULL
    return judging_rates.measure(effort, workers=os.cpu_count() or 1, progress=progress)


def _measure_large(quick: bool, progress: Progress) -> dict[str, Any]:
    rows = judging_large.ROWS // 10 if quick else judging_large.ROWS
    return judging_large.measure(rows, rounds=1 if quick else 3, progress=progress)


# The large holdout comes first: its times are taken while nothing else runs.
PARTS: dict[str, Callable[[bool, Progress], dict[str, Any]]] = {"large": _measure_large, "rates": _measure_rates}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judging", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a result")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help=f"parts to run: {', '.join(PARTS)}")
    options = parser.parse_args(arguments)
    # Only a whole run may replace what is published.
    whole = not (options.quick or options.only)
    output, document = (RESULTS, DOCUMENT) if whole else (BUILD / "judging.json", BUILD / "judging.md")
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)

    results: dict[str, Any] = {"machine": described(shlex.join(["python", "-m", "benchmarks.judging", *arguments]))}
    for part in options.only or PARTS:
        results[part] = PARTS[part](options.quick, progress)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=1) + "\n")
    text = judging_report.render(results)
    document.write_text(text)
    print(text)
    progress(f"written: {output}, {document}")


def described(command: str) -> dict[str, str]:
    """The machine and the one library that a decision depends on."""
    found = {**machine.describe(command), "numpy": version("numpy")}
    return {name: found[name] for name in ("processor", "cores", "system", "python", "numpy", "date", "command")}


if __name__ == "__main__":
    main(sys.argv[1:])
