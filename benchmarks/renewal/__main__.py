"""Measures the rule of renewal: error and promotions of policies, on streams and on real tables."""

import os
import sys
from collections.abc import Callable, Sequence

from benchmarks.command import MISSING, Benchmark, Progress, Results, Rig, main
from benchmarks.real_tables import TEXAS, TablesUnavailable
from benchmarks.renewal import chance, labels, report, synthetic, tables
from benchmarks.renewal.streams import STREAMS


def _synthetic(rig: Rig, progress: Progress) -> Results:
    effort = synthetic.QUICK if rig.quick else synthetic.FULL
    return {"synthetic": synthetic.measure(effort, workers=os.cpu_count() or 1, progress=progress)}


def _still(rig: Rig, progress: Progress) -> Results:
    effort = synthetic.QUICK if rig.quick else synthetic.FULL
    return {"still": synthetic.measure_still(effort, progress=progress)}


def _chance(rig: Rig, progress: Progress) -> Results:
    return {"chance": chance.measure(1_000 if rig.quick else 20_000, progress=progress)}


def _tables(rig: Rig, progress: Progress) -> Results:
    periods = 6 if rig.quick else None
    return _of_real_tables(rig, lambda real: {"tables": tables.measure(names=real, periods=periods, progress=progress)})


def _labels(rig: Rig, progress: Progress) -> Results:
    streams = ["SEA, abrupt"] if rig.quick else list(STREAMS)
    sizes, most = ([100], 2) if rig.quick else ([250, 1000], 12)

    def measure(real: Sequence[str]) -> Results:
        return {"labels": labels.measure(streams=streams, real=real, sizes=sizes, most=most, progress=progress)}

    return _of_real_tables(rig, measure)


def _of_real_tables(rig: Rig, measure: Callable[[Sequence[str]], Results]) -> Results:
    """The results of a part that needs them, by their names; without them, that it is missing."""
    try:
        return measure([TEXAS] if rig.quick else list(tables.LIVED))
    except TablesUnavailable as error:
        return {MISSING: {"the real tables": str(error)}}


BENCHMARK = Benchmark(
    name="renewal",
    purpose="Measure when to train again, and on what: Evergreen's rule beside simple policies.",
    page="renewal.md",
    libraries=("scikit-learn", "numpy", "pandas"),
    parts={"synthetic": _synthetic, "still": _still, "chance": _chance, "tables": _tables, "labels": _labels},
    render=report.render,
)

if __name__ == "__main__":
    main(BENCHMARK, sys.argv[1:])
