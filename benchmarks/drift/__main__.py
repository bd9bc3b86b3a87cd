"""Measures the drift check: false alarms, what it finds, a window of a million rows, and its first start."""

import os
import sys

from benchmarks.command import MISSING, Benchmark, Progress, Results, Rig, main
from benchmarks.drift import power, report, start, streams, tables, volume
from benchmarks.real_tables import TABLES, TEXAS, TablesUnavailable


def _power(rig: Rig, progress: Progress) -> Results:
    effort = power.QUICK if rig.quick else power.FULL
    return {"power": power.measure(effort, workers=os.cpu_count() or 1, progress=progress)}


def _streams(rig: Rig, progress: Progress) -> Results:
    effort = streams.QUICK if rig.quick else streams.FULL
    return {"streams": streams.measure(effort, workers=os.cpu_count() or 1, progress=progress)}


def _tables(rig: Rig, progress: Progress) -> Results:
    names, cuts = ([TEXAS], tables.CUTS[:1]) if rig.quick else (list(TABLES), tables.CUTS)
    try:
        return {"tables": tables.measure(names=names, cuts=cuts, progress=progress)}
    except TablesUnavailable as error:
        return {MISSING: {"the real tables": str(error)}}


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
    parts={"power": _power, "streams": _streams, "tables": _tables, "volume": _volume, "start": _start},
    render=report.render,
)

if __name__ == "__main__":
    main(BENCHMARK, sys.argv[1:])
