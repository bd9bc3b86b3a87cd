"""Measures the drift check: false alarms, what it finds, a window of a million rows, and its first start."""

import os
import sys

from benchmarks.command import Benchmark, Progress, Results, Rig, main
from benchmarks.drift import power, report, start, volume


def _power(rig: Rig, progress: Progress) -> Results:
    effort = power.QUICK if rig.quick else power.FULL
    return {"power": power.measure(effort, workers=os.cpu_count() or 1, progress=progress)}


def _volume(rig: Rig, progress: Progress) -> Results:
    effort = volume.QUICK if rig.quick else volume.FULL
    return {"volume": volume.measure(effort, workers=os.cpu_count() or 1, progress=progress)}


def _start(rig: Rig, progress: Progress) -> Results:
    return {"start": start.measure(rounds=1 if rig.quick else 3, rounds_without_bytecode=1, progress=progress)}


BENCHMARK = Benchmark(
    name="drift",
    purpose="Measure the drift check: false alarms, what it finds, its time and memory, and its first start.",
    page="drift.md",
    libraries=("evidently", "scipy", "pandas", "numpy"),
    parts={"power": _power, "volume": _volume, "start": _start},
    render=report.render,
)

if __name__ == "__main__":
    main(BENCHMARK, sys.argv[1:])
