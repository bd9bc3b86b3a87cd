"""Time inside the handler alone, without runtime client and network."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import median, paired_ratio
from benchmarks.serving.rig.environments import HERE
from benchmarks.serving.rig.models import Row, Trained
from benchmarks.serving.rig.processes import Function
from benchmarks.serving.rig.runtime_api import InvocationFailed, http_event
from local.processes.leashed import LeashedProcess

Progress = Callable[[str], None]
# Requests, each with its number of calls.
Plan = Sequence[tuple[dict[str, Any], int]]
ROWS = (1, 10, 100, 1000)
TREES = (10, 100, 1000)
FEATURES = (5, 50, 200)


def run(function: Function, plan: Plan) -> list[float]:
    """The median seconds of each entry of the plan, measured in a separate process.

    Raises:
        InvocationFailed: the process failed, or an answer was not 200.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = [(json.loads(http_event(document)), calls) for document, calls in plan]
        (folder / "events.json").write_text(json.dumps(events))
        command = [sys.executable, "-s", "-S", str(HERE / "handlers" / "timed.py")]
        with (folder / "log").open("wb") as output:
            process = LeashedProcess(
                [*command, str(folder / "events.json"), str(folder / "output.json")],
                environment=function.environment(),
                cwd=function.root,
                output=output,
            )
            try:
                code = process.wait(300)
            except subprocess.TimeoutExpired as error:
                raise InvocationFailed(f"{function.handler} took more than 300 s") from error
            finally:
                process.close()
        if code:
            raise InvocationFailed(f"{function.handler}: {(folder / 'log').read_text()[-2000:]}")
        result = json.loads((folder / "output.json").read_text())
    for answer in result["answers"]:
        if answer["statusCode"] != 200:
            raise InvocationFailed(f"{function.handler}: {answer}")
    return [median(seconds) for seconds in result["seconds"]]


def one_row(functions: Mapping[str, Function], row: Row, *, rounds: int, progress: Progress) -> dict[str, Any]:
    """Microseconds for one row. The other functions are compared with the first."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(1, rounds + 1):
        progress(f"round {number} of {rounds}")
        for name, function in functions.items():
            seconds[name] += run(function, [({"features": row}, 300)])
    base = next(iter(seconds.values()))
    return {
        name: {"median_us": median(values) * 1e6, "times_slower": paired_ratio(values, base)}
        for name, values in seconds.items()
    }


def by_rows(functions: Mapping[str, Function], model: Trained, *, rounds: int, progress: Progress) -> dict[str, Any]:
    """Milliseconds per request, by function and number of rows."""
    plan = [({"instances": (model.rows * (count // len(model.rows) + 1))[:count]}, 2000 // count + 5) for count in ROWS]
    taken: dict[str, list[list[float]]] = {name: [] for name in functions}
    for number in range(1, rounds + 1):
        progress(f"rows per request, round {number} of {rounds}")
        for name, function in functions.items():
            taken[name].append(run(function, plan))
    return {
        name: {str(count): median([values[index] for values in rounds_]) * 1000 for index, count in enumerate(ROWS)}
        for name, rounds_ in taken.items()
    }


def by_model(functions: Mapping[str, tuple[Function, Row]], *, rounds: int, progress: Progress) -> dict[str, float]:
    """Milliseconds for one row, by model."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(1, rounds + 1):
        progress(f"trees and features, round {number} of {rounds}")
        for name, (function, row) in functions.items():
            taken[name] += run(function, [({"features": row}, 300)])
    return {name: median(values) * 1000 for name, values in taken.items()}
