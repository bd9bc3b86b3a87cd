"""Time to import the predict function in addition to the runtime client, by package."""

import re
import subprocess
import sys
from collections import defaultdict
from typing import Any

from benchmarks.figures import median
from benchmarks.serving.rig.processes import Function

_MARK = "-- the function --"
_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")
_PROGRAM = f"""
import os, sys
sys.path[:] = [*os.environ["BENCHMARK_PATH"].split(os.pathsep), *sys.path[1:]]
import awslambdaric.bootstrap
print({_MARK!r}, file=sys.stderr)
import {{module}}
"""
_TOP = 15


def measure(function: Function, *, rounds: int) -> dict[str, Any]:
    """Milliseconds: the total, the time in each top-level package's own modules, and the slowest imports.

    An import's time includes what it imports first, so the entries of `dearest` overlap; those of `own` add up.
    """
    module = function.handler.rpartition(".")[0]
    runs = [_run(function, module) for _ in range(rounds)]
    own: dict[str, list[float]] = defaultdict(list)
    dearest: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        packages: dict[str, float] = defaultdict(float)
        for name, self_ms, cumulative_ms in run:
            packages[_package(name)] += self_ms
            dearest[name].append(cumulative_ms)
        for package, milliseconds in packages.items():
            own[package].append(milliseconds)
    return {
        "total_ms": median([sum(entry[1] for entry in run) for run in runs]),
        "own": _largest(own),
        "dearest": _largest(dearest),
    }


def _run(function: Function, module: str) -> list[tuple[str, float, float]]:
    """(module, own ms, ms including its imports) for each module that the runtime client had not imported."""
    command = [sys.executable, "-s", "-S", "-X", "importtime", "-c", _PROGRAM.format(module=module)]
    finished = subprocess.run(
        command, env=function.environment(), cwd=function.root, capture_output=True, text=True, check=True, timeout=60
    )
    _, _, after = finished.stderr.partition(_MARK)
    return [(name, int(own) / 1000, int(total) / 1000) for own, total, _, name in _LINE.findall(after)]


def _package(module: str) -> str:
    """The group that a module counts for. Powertools is split by the second name, since its parts differ much."""
    parts = module.split(".")
    if parts[0] == "aws_lambda_powertools":
        return ".".join(parts[:2])
    if parts[0] in sys.stdlib_module_names:
        return parts[0] if parts[0] in ("asyncio", "email") else "standard library, rest"
    return parts[0]


def _largest(values: dict[str, list[float]]) -> dict[str, float]:
    medians = {name: median(entries) for name, entries in values.items()}
    return dict(sorted(medians.items(), key=lambda item: -item[1])[:_TOP])
