"""Measures the feature store: reading online, cold starts, writing online and the join, compared with Feast alone."""

import sys
from collections.abc import Callable

from benchmarks.command import MISSING, Benchmark, Progress, Results, Rig, main
from benchmarks.feature_store import cold_start, join, materialise, online_read, report
from benchmarks.feature_store.feast_python import FEAST, FeastUnavailable


def _online_read(rig: Rig, progress: Progress) -> Results:
    effort = online_read.QUICK if rig.quick else online_read.FULL
    measured, missing = online_read.measure(effort, progress=progress)
    return {"online_read": measured, MISSING: missing}


def _cold_start(rig: Rig, progress: Progress) -> Results:
    effort = cold_start.QUICK if rig.quick else cold_start.FULL
    return {"cold_start": cold_start.measure(effort, progress=progress)}


def _materialise(rig: Rig, progress: Progress) -> Results:
    effort = materialise.QUICK if rig.quick else materialise.FULL
    return _if_feast_is_here("materialise", lambda: materialise.measure(effort, progress=progress))


def _join(rig: Rig, progress: Progress) -> Results:
    effort = join.QUICK if rig.quick else join.FULL
    return _if_feast_is_here("join", lambda: join.measure(effort, progress=progress))


def _if_feast_is_here(name: str, measure: Callable[[], Results]) -> Results:
    """The figures by their name; without Feast, by which Evergreen itself joins and writes, none."""
    try:
        return {name: measure()}
    except FeastUnavailable as error:
        return {name: {}, MISSING: {FEAST: str(error)}}


BENCHMARK = Benchmark(
    name="feature_store",
    purpose="Measure the feature store: reading online, cold starts, writing online and the join, beside Feast alone.",
    page="feature-store.md",
    libraries=("boto3", "pyarrow"),
    parts={
        "online-read": _online_read,
        "cold-start": _cold_start,
        "materialise": _materialise,
        "join": _join,
    },
    render=report.render,
)

if __name__ == "__main__":
    main(BENCHMARK, sys.argv[1:])
