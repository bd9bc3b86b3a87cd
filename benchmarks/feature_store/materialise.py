"""Writing a history online: rows a second, memory, a second run with nothing new, and Feast's own `materialize`."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.feature_store import feast_python
from benchmarks.feature_store.answerer import Answerer
from benchmarks.feature_store.views import PROJECT, SERVICE, Repository, repository, write_history
from benchmarks.figures import median, paired_ratio
from benchmarks.places import BUILD, CHECKOUT

_OURS, _THEIRS = "training.feature_store.materialise", "benchmarks.feature_store.peer.materialise"
Progress = Callable[[str], None]
Measured = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Rows of the histories that Evergreen writes, each once; and rows and rounds of the pairs with Feast."""

    rows: Sequence[int]
    pair_rows: int
    pair_rounds: int


FULL = Effort(rows=(100_000, 1_000_000), pair_rows=20_000, pair_rounds=3)
QUICK = Effort(rows=(200,), pair_rows=200, pair_rounds=1)


def measure(effort: Effort, *, progress: Progress) -> dict[str, Any]:
    """
    Raises:
        FeastUnavailable: Feast is not installed here; Evergreen writes by it too.
    """
    feast_python.require()
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="materialise-") as name, Answerer() as dynamodb:
        folder = Path(name)
        pairs = _pairs(folder, effort, dynamodb, progress)
        alone = {}
        for rows in effort.rows:
            progress(f"{rows:,} rows")
            alone[str(rows)] = _first_and_second(_written(folder / str(rows), rows), rows, dynamodb)
    return {"alone": alone, "pairs": pairs}


def _written(folder: Path, rows: int) -> Repository:
    """A repository with a history of one row for each customer."""
    made = repository(folder)
    (view,) = made.views
    write_history(made.data / view.name / "history.parquet", view, rows=rows, customers=rows, stream=0)
    return made


def _first_and_second(made: Repository, rows: int, dynamodb: Answerer) -> dict[str, Any]:
    """A first run, and one with nothing new. Seconds are those of the whole process."""
    state = made.folder / "state"
    first, second = _ours(made, state, dynamodb, writes=rows), _ours(made, state, dynamodb, writes=0)
    return {
        "rows_a_second": rows / first["whole_s"],
        "first_s": first["whole_s"],
        "first_peak_mb": first["peak_mb"],
        "processor_ms_a_row": first["processor_s"] / rows * 1000,
        "second_s": second["whole_s"],
        "second_peak_mb": second["peak_mb"],
        "second_share": second["whole_s"] / first["whole_s"],
    }


def _pairs(folder: Path, effort: Effort, dynamodb: Answerer, progress: Progress) -> dict[str, Any]:
    """Both write the same history, Evergreen as a first run each time. The time of start and imports is left out."""
    made = _written(folder / "pairs", effort.pair_rows)
    feast_python.apply(made.folder, dynamodb.environment)
    ours, theirs = [], []
    for number in range(effort.pair_rounds):
        progress(f"{effort.pair_rows:,} rows beside Feast, round {number + 1} of {effort.pair_rounds}")
        ours.append(_ours(made, folder / f"state-{number}", dynamodb, writes=effort.pair_rows))
        theirs.append(_measured(_THEIRS, (), made.folder, dynamodb, writes=effort.pair_rows))
    both = {"Evergreen": ours, feast_python.FEAST: theirs}
    return {
        "rows": effort.pair_rows,
        "rounds": effort.pair_rounds,
        "sides": {
            name: {
                "rows_a_second": effort.pair_rows / median([run["seconds"] for run in runs]),
                "peak_mb": max(run["peak_mb"] for run in runs),
                "times_feast": paired_ratio([run["seconds"] for run in runs], [run["seconds"] for run in theirs]),
            }
            for name, runs in both.items()
        },
    }


def _ours(made: Repository, state: Path, dynamodb: Answerer, *, writes: int) -> Measured:
    arguments: list[str | Path] = [
        *("--definitions", made.folder, "--service", SERVICE, "--project", PROJECT),
        *("--state", state / "online.json", "--registry", state / "registry.db", "--result", state / "result.json"),
    ]
    return _measured(_OURS, arguments, CHECKOUT, dynamodb, writes=writes)


def _measured(
    module: str, arguments: Sequence[str | Path], folder: Path, dynamodb: Answerer, *, writes: int
) -> Measured:
    before, started = dynamodb.written, time.perf_counter()
    taken = feast_python.measured(module, *arguments, folder=folder, more=dynamodb.environment)
    whole = time.perf_counter() - started
    assert dynamodb.written - before == writes, f"{module} wrote {dynamodb.written - before} of {writes} rows"
    return {**taken, "whole_s": whole}
