"""The command line that the benchmarks share: python -m benchmarks.<name> [--quick] [--only PART ...]."""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.places import BUILD, CHECKOUT, RESULTS

Progress = Callable[[str], None]
Results = dict[str, Any]
# Measures one part with the rig; returns its figures under the names that the page uses. MISSING holds the peers that
# could not be measured, each with the reason.
Part = Callable[[Any, Progress], Results]
MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Rig:
    """What each part of a run gets, unless the benchmark makes its own rig."""

    quick: bool


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One benchmark: its parts, its page, and what they need.

    Attributes:
        name: of the package, and of the JSON file with the figures.
        purpose: what `--help` says.
        page: the file in docs/ that a whole run writes.
        libraries: packages whose versions the page shows.
        parts: in the order in which they run.
        render: makes the page from all figures.
        rig: prepares what the parts measure. It gets a stack for what must be closed at the end, whether the run is
            quick, the names of the parts to run, and a function that reports progress.
    """

    name: str
    purpose: str
    page: str
    libraries: Sequence[str]
    parts: Mapping[str, Part]
    render: Callable[[Results], str]
    rig: Callable[[ExitStack, bool, Sequence[str], Progress], Any] = lambda _stack, quick, _parts, _progress: Rig(
        quick=quick
    )


def main(benchmark: Benchmark, arguments: Sequence[str]) -> None:
    """Run what the arguments ask for, print the page, and write it with its figures.

    Only a whole run that measured every peer replaces the published page; any other writes to .build/benchmarks.
    """
    program = f"python -m benchmarks.{benchmark.name}"
    options = _parse(benchmark, program, arguments)
    parts = options.only or list(benchmark.parts)
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)

    results: Results = {
        "machine": machine.describe(shlex.join([*shlex.split(program), *arguments]), benchmark.libraries)
    }
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        rig = benchmark.rig(stack, options.quick, parts, progress)
        for part in parts:
            progress(f"{part}: start")
            figures = benchmark.parts[part](rig, _labelled(part, progress))
            missing |= figures.pop(MISSING, {})
            results |= figures
    results |= {MISSING: missing, "seconds": round(time.monotonic() - started)}
    _publish(benchmark, results, _folders(options, missing), progress)


def _parse(benchmark: Benchmark, program: str, arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=program,
        description=f"{benchmark.purpose} A whole run writes docs/{benchmark.page} and its figures to "
        f"benchmarks/results/{benchmark.name}.json; any other run writes both to .build/benchmarks.",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds, for a first look only")
    names = ", ".join(benchmark.parts)
    parser.add_argument("--only", nargs="+", choices=benchmark.parts, metavar="PART", help=f"parts to run: {names}")
    parser.add_argument("--output", type=Path, help="the folder to write to instead")
    return parser.parse_args(arguments)


def _labelled(part: str, progress: Progress) -> Progress:
    return lambda text: progress(f"{part}: {text}")


def _folders(options: argparse.Namespace, missing: Mapping[str, str]) -> tuple[Path, Path]:
    """The folders of the page and of the figures."""
    if options.output:
        return options.output, options.output
    whole = not (options.quick or options.only or missing)
    return (CHECKOUT / "docs", RESULTS) if whole else (BUILD, BUILD)


def _publish(benchmark: Benchmark, results: Results, folders: tuple[Path, Path], progress: Progress) -> None:
    page, figures = folders[0] / benchmark.page, folders[1] / f"{benchmark.name}.json"
    for file, text in ((figures, json.dumps(results, indent=1) + "\n"), (page, benchmark.render(results))):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    print(page.read_text())
    for peer, why in results[MISSING].items():
        progress(f"NOT MEASURED: {peer}: {' '.join(why.split())[:300]}")
    if results[MISSING]:
        progress(f"docs/{benchmark.page} is left as it was, since not every peer was measured")
    progress(f"written: {figures}, {page}")
