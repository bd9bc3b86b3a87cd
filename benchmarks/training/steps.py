"""Prepare, Train and Judge on a thousand to a million rows, against scikit-learn alone: time and memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import median, paired_ratio
from benchmarks.places import BUILD, CHECKOUT
from benchmarks.training.files import Written, write
from evergreen import names

PLAIN, PREPARE, TRAIN, JUDGE = "plain", "prepare", "train", "judge"
WORKFLOW = (PREPARE, TRAIN, JUDGE)
# Prepare again, on the same table as Parquet.
FROM_PARQUET = "prepare, from Parquet"

Measured = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Number of rounds by rows of the table, and rows that the champion is trained on."""

    rounds: dict[int, int]
    champion_rows: int


FULL = Effort(rounds={1_000: 3, 100_000: 3, 1_000_000: 1}, champion_rows=10_000)
QUICK = Effort(rounds={1_000: 1}, champion_rows=500)


def measure(effort: Effort, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """By rows of the table: its size, time and memory of each step, and the ratio of the workflow's time to plain's."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="training-") as folder:
        runs = _Runs(Path(folder))
        progress(f"a champion of {effort.champion_rows:,} rows")
        champion = runs.champion(effort.champion_rows)
        results = {}
        for rows, rounds in effort.rounds.items():
            table = write(Path(folder) / str(rows), rows, stream=0)
            done: dict[str, list[Measured]] = {}
            for number in range(rounds):
                progress(f"{rows:,} rows, round {number + 1} of {rounds}")
                for step, measured in runs.all_steps(table, champion).items():
                    done.setdefault(step, []).append(measured)
            results[str(rows)] = {"rounds": rounds, **_summary(table, done)}
        return results


def _summary(table: Written, done: dict[str, list[Measured]]) -> Measured:
    workflow = [sum(done[step][number]["seconds"] for step in WORKFLOW) for number in range(len(done[PLAIN]))]
    return {
        "csv_mb": table.csv.stat().st_size / 1e6,
        "in_memory_mb": table.in_memory / 1e6,
        "in_pandas_mb": table.in_pandas / 1e6,
        "steps": {step: _middle(runs) for step, runs in done.items()},
        "workflow_s": median(workflow),
        "ratio_to_plain": paired_ratio(workflow, [run["seconds"] for run in done[PLAIN]]),
    }


def _middle(runs: list[Measured]) -> Measured:
    """Medians of the runs, and the maximum of the memory figures."""
    return {
        "seconds": median([run["seconds"] for run in runs]),
        "imports_s": median([run["imports_s"] for run in runs]),
        "parts_s": {part: median([run["parts"][part] for run in runs]) for part in runs[0]["parts"]},
        "added_mb": max(run["peak_mb"] - run["imports_mb"] for run in runs),
        "imports_mb": max(run["imports_mb"] for run in runs),
    }


class _Runs:
    """Runs steps as processes. Each run gets its own numbered files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def champion(self, rows: int) -> Path:
        table = write(self._folder / "champion", rows, stream=1)
        return self._trained(table, self._prepared(table)[0])[0]

    def all_steps(self, table: Written, champion: Path) -> dict[str, Measured]:
        plain = self._run(PLAIN, table.csv)
        prepared, preparing = self._prepared(table)
        bundle, training = self._trained(table, prepared)
        judging = self._run(JUDGE, bundle, champion)
        # Both sides must do the same work: the same rows give the same error.
        error = json.loads((bundle / "metrics.json").read_text())["holdout"]["mape"]
        assert abs(error - plain["mape"]) < 0.01 * error, f"the workflow's mape is {error}, plain's {plain['mape']}"
        return {
            PLAIN: plain,
            PREPARE: preparing,
            FROM_PARQUET: self._prepare(table.parquet, table.parquet_settings, self._next("prepared")),
            TRAIN: training,
            JUDGE: judging,
        }

    def _prepared(self, table: Written) -> tuple[Path, Measured]:
        output = self._next("prepared")
        return output, self._prepare(table.csv, table.csv_settings, output)

    def _prepare(self, data: Path, settings: Path, output: Path) -> Measured:
        return self._run(PREPARE, "--data", data, "--settings", settings, "--output", output)

    def _trained(self, table: Written, prepared: Path) -> tuple[Path, Measured]:
        output = self._next("bundle")
        return output, self._run(TRAIN, "--prepared", prepared, "--settings", table.csv_settings, "--output", output)

    def _run(self, step: str, *arguments: str | Path) -> Measured:
        """Run a step, then a process that only imports the same modules."""
        result = self._next("result")
        seconds, measured = self._process(result, step, *arguments)
        imports_s, imports = self._process(self._next("result"), "imports", result)
        return {**measured, "seconds": seconds, "imports_s": imports_s, "imports_mb": imports["peak_mb"]}

    def _process(self, result: Path, step: str, *arguments: str | Path) -> tuple[float, Measured]:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.training.process", result, step, *arguments]
        environment = {name: value for name, value in os.environ.items() if name != names.TRACKING_URI}
        started = time.perf_counter()
        subprocess.run(
            [str(word) for word in command], cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL, check=True
        )
        return time.perf_counter() - started, json.loads(result.read_text())

    def _next(self, kind: str) -> Path:
        self._count += 1
        return self._folder / f"{kind}-{self._count}"
