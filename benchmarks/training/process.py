"""Runs one step of the workflow, or the script that it is compared with, in a separate process.

    python -m benchmarks.training.process RESULT prepare --data FILE --settings FILE --output FOLDER
    python -m benchmarks.training.process RESULT train --prepared FOLDER --settings FILE --output FOLDER
    python -m benchmarks.training.process RESULT judge CANDIDATE CHAMPION
    python -m benchmarks.training.process RESULT plain CSV
    python -m benchmarks.training.process RESULT imports RESULT-OF-ANOTHER

It writes the peak of resident memory, the seconds of some parts, the names of the modules that it loaded, and what the
step reports to the file RESULT, as JSON. `imports` loads the modules of another step, and does nothing with them.
"""

import contextlib
import functools
import importlib
import json
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.machine import peak_mb

# The timed parts of each step: functions in modules. A function comes before those whose modules import it by name.
PARTS = {
    "prepare": {
        "reading the table": ("training.reading.table", "read_version"),
        "the data sheet": ("training.documents.data_sheet", "write_sheet"),
    },
    "train": {
        "fitting": ("sklearn.pipeline", "Pipeline.fit"),
        "the past of the drift check": ("training.monitoring", "monitoring_rules"),
        "metrics, intervals, importance": ("training.fitting.evaluation", "evaluate"),
        "the model card": ("training.documents.model_card", "write_card"),
    },
    "judge": {
        "paired bootstrap": ("evergreen.judging.bootstrap", "paired_gain"),
        "parity": ("evergreen.judging.parity", "find_difference"),
        "the champion's predictions": ("functions.judge.comparison", "pair"),
    },
}


def _module(name: str, arguments: list[str]) -> dict[str, Any]:
    """Run a module like `python -m`."""
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return {}


def _prepare(arguments: list[str]) -> dict[str, Any]:
    return _module("training.prepare", arguments)


def _train(arguments: list[str]) -> dict[str, Any]:
    return _module("training.train", arguments)


def _judge(arguments: list[str]) -> dict[str, Any]:
    from evergreen.versions.bundle import Bundle
    from functions.judge.judging import judge

    def read(folder: str) -> Bundle:
        return Bundle.read(lambda name: (Path(folder) / name).read_bytes())

    candidate, champion = map(read, arguments)
    decision = judge(candidate, champion)
    return {"promote": decision.promote, "reason": decision.reason}


def _plain(arguments: list[str]) -> dict[str, Any]:
    """Fit the same estimator to the same rows, with the code of a notebook."""
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.metrics import mean_absolute_percentage_error

    from benchmarks.training.files import HOLDOUT, MOMENT, PARAMETERS, TARGET

    table = pd.read_csv(arguments[0])
    texts = dict.fromkeys(table.select_dtypes("object"), "category")
    table = table.astype(texts)
    features, target = table.drop(columns=[TARGET, MOMENT]), table[TARGET]
    first = int(len(table) * (1 - HOLDOUT))
    estimator = HistGradientBoostingRegressor(**PARAMETERS, categorical_features="from_dtype", random_state=0)
    started = time.perf_counter()
    estimator.fit(features[:first], target[:first])
    fitted = time.perf_counter() - started
    error = mean_absolute_percentage_error(target[first:], estimator.predict(features[first:]))
    return {"parts": {"fitting": fitted}, "mape": float(error)}


def _imports(arguments: list[str]) -> dict[str, Any]:
    for name in json.loads(Path(arguments[0]).read_text())["modules"]:
        # Some modules are created by others and cannot be imported alone.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return {}


STEPS: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "prepare": _prepare,
    "train": _train,
    "judge": _judge,
    "plain": _plain,
    "imports": _imports,
}


def _timed(part: str, module: str, place: str, seconds: dict[str, float]) -> None:
    """Replace a function by a timed one, before other modules import it by name."""
    *owners, name = place.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    function: Callable[..., Any] = getattr(owner, name)
    seconds[part] = 0.0

    @functools.wraps(function)
    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            seconds[part] += time.perf_counter() - started

    setattr(owner, name, timed)


if __name__ == "__main__":
    _, result, step, *rest = sys.argv
    parts: dict[str, float] = {}
    for part, (module, place) in PARTS.get(step, {}).items():
        _timed(part, module, place, parts)
    reported = STEPS[step](rest)
    loaded = [name for name in sys.modules if name != "__main__"]
    Path(result).write_text(json.dumps({"parts": parts, "peak_mb": peak_mb(), "modules": loaded, **reported}))
