"""Measures Judge: how often it promotes an equal and a better model, and its time and memory for a large holdout."""

import os
import sys

from benchmarks.command import Benchmark, Progress, Results, Rig, main
from benchmarks.judging import large, rates, report


def _large(rig: Rig, progress: Progress) -> Results:
    rows = large.ROWS // 100 if rig.quick else large.ROWS
    return {"large": large.measure(rows, rounds=1 if rig.quick else 3, progress=progress)}


def _rates(rig: Rig, progress: Progress) -> Results:
    effort = rates.QUICK if rig.quick else rates.FULL
    return {"rates": rates.measure(effort, workers=os.cpu_count() or 1, progress=progress)}


def _streams(rig: Rig, progress: Progress) -> Results:
    effort = rates.QUICK if rig.quick else rates.FULL
    return {"streams": rates.measure_streams(effort, workers=os.cpu_count() or 1, progress=progress)}


BENCHMARK = Benchmark(
    name="judging",
    purpose="Measure Judge: how often it promotes an equal and a better model, and the cost of a large holdout.",
    page="judging.md",
    libraries=("numpy",),
    # The large holdout is measured first, while no other process runs.
    parts={"large": _large, "rates": _rates, "streams": _streams},
    render=report.render,
)

if __name__ == "__main__":
    main(BENCHMARK, sys.argv[1:])
