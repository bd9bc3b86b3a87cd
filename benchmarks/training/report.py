"""Renders the results as Markdown, for the terminal and for docs/training.md."""

from collections.abc import Iterator

from benchmarks.page import Results, goal, page, prose, table
from benchmarks.training.steps import FROM_PARQUET, JUDGE, PLAIN, PREPARE, TRAIN, WORKFLOW

_MOST_TIMES_DATA, _MOST_SECONDS = 6, 5
_MEMORY_STEPS = (PREPARE, FROM_PARQUET, TRAIN)
# With fewer rows, most of the memory is the program's and not the data's.
_MANY_ROWS = 1_000_000
_INTRODUCTION = """\
# Training: time and memory

What the workflow adds to fitting a model: preparing and checking the table, a holdout, intervals, importance, a replay
of the drift check, data sheet and model card, and Judge's comparison with the champion. The command below writes this
file.
"""


def render(results: Results) -> str:
    return page(
        _INTRODUCTION,
        results,
        goals=_goals(results),
        sections={"steps": [_overhead, _parts, _memory], "bootstrap": [_bootstrap]},
    )


def _goals(results: Results) -> Iterator[list[str]]:
    if str(_MANY_ROWS) in results.get("steps", {}):
        measured = results["steps"][str(_MANY_ROWS)]
        for step in _MEMORY_STEPS:
            times = measured["steps"][step]["added_mb"] / measured["in_memory_mb"]
            what = f"memory of {_named(step)}, a million rows, to the data"
            held = times <= _MOST_TIMES_DATA
            yield goal(what, f"at most {_MOST_TIMES_DATA}x", f"{times:.1f}x", held)
    if "bootstrap" in results:
        bootstrap = results["bootstrap"]
        name, seconds = max(((name, row["paired_s"]) for name, row in bootstrap["metrics"].items()), key=lambda x: x[1])
        what = f"bootstrap of {bootstrap['resamples']:,} draws of {bootstrap['rows']:,} rows, the slowest metric"
        yield goal(what, f"under {_MOST_SECONDS} s", f"{seconds:.1f} s ({name})", seconds < _MOST_SECONDS)


def _named(step: str) -> str:
    return step[0].upper() + step[1:]


def _overhead(steps: Results) -> list[str]:
    rows = []
    for count, row in steps.items():
        seconds = {step: measured["seconds"] for step, measured in row["steps"].items()}
        figures = [f"{seconds[step]:.1f}" for step in (PLAIN, *WORKFLOW)]
        rows.append([f"{int(count):,}", *figures, f"{row['workflow_s']:.1f}", f"{row['ratio_to_plain']:.1f}x"])
    return [
        "## Overhead over scikit-learn",
        "",
        *prose(
            """In seconds. "Plain" is a script that reads the same CSV with pandas, fits the same estimator to the same
            rows (13 features, 3 of them categories; histogram gradient boosting of 100 trees), and predicts the other
            fifth. The workflow's steps are the commands that the jobs run, without MLflow, and Judge's decision
            against a champion that was trained on other rows. Each step is a separate process; its start and its
            imports are included. The minutes that AWS needs to start two containers are not included. A ratio
            compares runs of the same round; the table shows the median of the rounds."""
        ),
        *table(["rows", "plain", *map(_named, WORKFLOW), "workflow", "to plain"], rows),
    ]


def _parts(steps: Results) -> list[str]:
    rows = []
    for step in (PLAIN, *WORKFLOW):
        measured = [row["steps"][step] for row in steps.values()]
        rows.append([f"{_named(step)}: start and imports", *(f"{each['imports_s']:.1f}" for each in measured)])
        for part in measured[0]["parts_s"]:
            rows.append([f"{_named(step)}: {part}", *(f"{each['parts_s'][part]:.1f}" for each in measured)])
    return [
        "## Where the time goes",
        "",
        *prose(
            """In seconds, by rows of the table. Train replays the drift check 400 times on rows drawn from the holdout,
            to count its false alarms. Judge scores every holdout row in pure Python, as the predict function does:
            once with the candidate, for parity, and once with the champion."""
        ),
        *table(["", *(f"{int(count):,}" for count in steps)], rows),
    ]


def _memory(steps: Results) -> list[str]:
    rows = []
    for count, row in steps.items():
        figures = [f"{row['csv_mb']:.1f}", f"{row['in_memory_mb']:.1f}", f"{row['in_pandas_mb']:.1f}"]
        for step in (*_MEMORY_STEPS, JUDGE, PLAIN):
            added = row["steps"][step]["added_mb"]
            figures.append(f"{added:.0f} ({added / row['in_memory_mb']:.1f}x)")
        rows.append([f"{int(count):,}", *figures])
    return [
        "## Memory",
        "",
        *prose(
            """In MB. "Data" is the size of the table in memory once Arrow has read its Parquet file. "In pandas" is
            the size that pandas states for its frame, where a text is counted once for each cell that refers to it. For
            each step: the peak of resident memory above that of a process that only imports the same modules, and in
            brackets its ratio to the data. With small tables most of it is the program's: buffers, plots, trees."""
        ),
        *table(["rows", "CSV", "data", "in pandas", *map(_named, (*_MEMORY_STEPS, JUDGE, PLAIN))], rows),
    ]


def _bootstrap(bootstrap: Results) -> list[str]:
    rows = [[name, f"{row['interval_s']:.2f}", f"{row['paired_s']:.2f}"] for name, row in bootstrap["metrics"].items()]
    return [
        "## The bootstrap",
        "",
        *prose(
            f"""Seconds for {bootstrap["resamples"]:,} draws of {bootstrap["rows"]:,} rows. "Interval" is the metric of
            one model, as Train measures it; "paired difference" is the difference between two models on the same
            rows, as Judge measures it. The classification has three classes."""
        ),
        *table(["metric", "interval", "paired difference"], rows),
    ]
