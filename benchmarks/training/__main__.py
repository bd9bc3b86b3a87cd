"""Measures the training workflow: its overhead over plain scikit-learn, its memory, and the bootstrap."""

import sys

from benchmarks.command import Benchmark, Progress, Results, Rig, main
from benchmarks.training import bootstrap, report, steps


def _bootstrap(rig: Rig, progress: Progress) -> Results:
    return {"bootstrap": bootstrap.measure(bootstrap.QUICK if rig.quick else bootstrap.FULL, progress=progress)}


def _steps(rig: Rig, progress: Progress) -> Results:
    return {"steps": steps.measure(steps.QUICK if rig.quick else steps.FULL, progress=progress)}


BENCHMARK = Benchmark(
    name="training",
    purpose="Measure what the workflow adds to fitting a model, its memory, and the bootstrap.",
    page="training.md",
    libraries=("scikit-learn", "pandas", "numpy", "pyarrow"),
    parts={"bootstrap": _bootstrap, "steps": _steps},
    render=report.render,
)

if __name__ == "__main__":
    main(BENCHMARK, sys.argv[1:])
