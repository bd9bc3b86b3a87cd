"""The point-in-time join of Prepare against Feast's own `get_historical_features` on the same files."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.feature_store import feast_python
from benchmarks.feature_store.answerer import Answerer
from benchmarks.feature_store.views import FEATURES, SERVICE, Repository, repository, write_history, write_rows
from benchmarks.figures import median, paired_ratio
from benchmarks.places import BUILD

_OURS, _THEIRS = "training.feature_store.join", "benchmarks.feature_store.peer.join"
Progress = Callable[[str], None]
Measured = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Rows to join, views, rows of each view's history, customers, and rounds of pairs."""

    rows: int
    views: int
    history: int
    customers: int
    rounds: int


FULL = Effort(rows=1_000_000, views=3, history=1_000_000, customers=100_000, rounds=3)
QUICK = Effort(rows=500, views=3, history=500, customers=50, rounds=1)


def measure(effort: Effort, *, progress: Progress) -> dict[str, Any]:
    """Seconds without start and imports, and memory of each side.

    Raises:
        FeastUnavailable: Feast is not installed here; Evergreen joins by it too.
    """
    feast_python.require()
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="join-") as name:
        folder = Path(name)
        progress("writing the histories")
        made, rows = _written(folder, effort)
        runs: dict[str, list[Measured]] = {"Evergreen": [], feast_python.FEAST: []}
        for number in range(effort.rounds):
            progress(f"round {number + 1} of {effort.rounds}")
            for side, taken in _pair(made, rows, folder).items():
                runs[side].append(taken)
    feast = [run["seconds"] for run in runs[feast_python.FEAST]]
    return {
        **{"rows": effort.rows, "views": effort.views, "history": effort.history, "customers": effort.customers},
        **{"features": FEATURES * effort.views, "rounds": effort.rounds},
        "sides": {
            side: {
                "seconds": median([run["seconds"] for run in taken]),
                "imports_s": median([run["imports_s"] for run in taken]),
                "peak_mb": max(run["peak_mb"] for run in taken),
                "times_feast": paired_ratio([run["seconds"] for run in taken], feast),
            }
            for side, taken in runs.items()
        },
    }


def _written(folder: Path, effort: Effort) -> tuple[Repository, Path]:
    made, rows = repository(folder / "features", views=effort.views), folder / "rows.parquet"
    for number, view in enumerate(made.views):
        file = made.data / view.name / "history.parquet"
        write_history(file, view, rows=effort.history, customers=effort.customers, stream=number)
    write_rows(rows, rows=effort.rows, customers=effort.customers, stream=effort.views)
    with Answerer() as dynamodb:
        feast_python.apply(made.folder, dynamodb.environment)
    return made, rows


def _pair(made: Repository, rows: Path, folder: Path) -> dict[str, Measured]:
    ours, theirs = folder / "ours.parquet", folder / "theirs.parquet"
    arguments = ("--definitions", made.folder, "--service", SERVICE, "--rows", rows, "--output", ours)
    taken = {
        "Evergreen": feast_python.measured(_OURS, *arguments),
        feast_python.FEAST: feast_python.measured(_THEIRS, SERVICE, rows, theirs, folder=made.folder),
    }
    _check(ours, theirs, rows)
    return taken


def _check(ours: Path, theirs: Path, rows: Path) -> None:
    """Both sides give each row the same features. Feast's have another order, and the rows' own columns."""
    keys = pq.read_schema(rows).names
    found = pq.read_table(theirs).to_pandas().sort_values(keys, kind="stable", ignore_index=True)
    mine = pq.read_table(ours).to_pandas()
    features = list(mine)
    mine[keys] = pq.read_table(rows).to_pandas()[keys]
    mine = mine.sort_values(keys, kind="stable", ignore_index=True)
    assert mine[features].equals(found[features]), "the two joins differ"
