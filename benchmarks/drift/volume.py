"""Checks of windows of ten thousand to a million rows, from captured objects on disk to the report."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.drift import captures
from benchmarks.figures import median, paired_ratio
from benchmarks.places import BUILD, CHECKOUT

ROWS_PER_RECORD = (1, 100)


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Number of rounds by rows of the window."""

    rounds: dict[int, int]


FULL = Effort(rounds={10_000: 3, 100_000: 2, 1_000_000: 2})
QUICK = Effort(rounds={1_000: 1})


def measure(effort: Effort, *, workers: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """By rows of the window: the objects, the checks by rows per record, and the peer's report."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="captures-") as folder:
        progress("writing the captures")
        written = _write(Path(folder), list(effort.rounds), workers)
        results = {}
        for rows, rounds in effort.rounds.items():
            done: dict[str, list[dict[str, float]]] = {}
            for number in range(rounds):
                progress(f"{rows:,} rows, round {number + 1} of {rounds}")
                for each in ROWS_PER_RECORD:
                    done.setdefault(f"{each}", []).append(_run("evergreen", _folder(Path(folder), rows, each)))
                done.setdefault("preset", []).append(_run("evidently", rows))
            results[str(rows)] = {
                "rounds": rounds,
                "objects": {str(each): written[rows, each] for each in ROWS_PER_RECORD},
                "checks": {str(each): _middle(done[str(each)]) for each in ROWS_PER_RECORD},
                "preset": _middle(done["preset"]),
                "preset_times_slower": paired_ratio(
                    [run["seconds"] for run in done["preset"]],
                    [run["comparing_s"] + run["report_s"] for run in done["1"]],
                ),
            }
    return results


def _write(folder: Path, sizes: list[int], workers: int) -> dict[tuple[int, int], dict[str, float]]:
    wanted = [(rows, each) for rows in sorted(sizes, reverse=True) for each in ROWS_PER_RECORD]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {key: pool.submit(_write_one, _folder(folder, *key), *key) for key in wanted}
        return {key: future.result() for key, future in running.items()}


def _write_one(folder: Path, rows: int, rows_per_record: int) -> dict[str, float]:
    size = captures.write(folder, captures.rows(rows, stream=0), rows_per_record=rows_per_record)
    objects = [path.stat().st_size for path in folder.rglob("*.gz")]
    return {"count": len(objects), "mb": sum(objects) / 1e6, "unpacked_mb": size / 1e6}


def _folder(folder: Path, rows: int, rows_per_record: int) -> Path:
    return folder / f"{rows}-{rows_per_record}"


def _run(kind: str, argument: Path | int) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.drift.process", kind, str(argument)]
    finished = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(finished.stdout)
    return figures


def _middle(runs: list[dict[str, float]]) -> dict[str, float]:
    """Medians of the runs, and the maximum of the peaks."""
    return {
        name: max(run[name] for run in runs) if name == "peak_mb" else median([run[name] for run in runs])
        for name in runs[0]
    }
