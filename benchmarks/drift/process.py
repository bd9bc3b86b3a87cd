"""Runs one check of the captured day, or one Evidently report on the same rows, in a separate process.

    python -m benchmarks.drift.process evergreen FOLDER
    python -m benchmarks.drift.process evidently ROWS

It prints seconds and the peak of resident memory as JSON. The seconds do not include the imports and the reference,
which both need.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drift import captures as day
from benchmarks.machine import peak_mb
from benchmarks.table import CATEGORIES
from evergreen.captures.records import Faults
from evergreen.contract.contract import Contract
from evergreen.monitoring.drift import report as drift_report
from evergreen.monitoring.drift.comparison import PREDICTION
from evergreen.monitoring.drift.history import TIME, History
from evergreen.settings.sections import DriftSettings, QualitySettings
from evergreen.versions.bundle import CONTRACT, HOLDOUT, LINEAGE, METRICS, MODEL, MONITORING, Bundle
from evergreen.versions.champion import Champion
from functions.check_drift import check as check_module
from functions.check_drift import drift as drift_check
from functions.check_drift.capture_files import CaptureFiles
from functions.check_drift.subject import Subject
from functions.check_drift.window import Window


class Stopwatch:
    """Sums the seconds spent in functions, and keeps the time at which each returned last."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.returned: dict[str, float] = {}

    def watch(self, owner: Any, name: str) -> None:
        """Replace a function of a module or a class by a timed one."""
        watched: Callable[..., Any] = getattr(owner, name)
        self.seconds[name] = 0.0

        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return watched(*arguments, **named)
            finally:
                self.returned[name] = time.perf_counter()
                self.seconds[name] += self.returned[name] - started

        setattr(owner, name, timed)


def check(folder: Path) -> dict[str, float]:
    """Run the check as the function does, from the objects of the day to the report."""
    bundle = _bundle()
    champion = Champion(
        version=day.VERSION, bundle="models/benchmark/7/", digest=bundle.digest, promoted_at=day.START.isoformat()
    )
    subject = Subject(model="benchmark", champion=champion, bundle=bundle, not_captured=())
    captures = CaptureFiles(day.FolderClient(folder), "captures", Faults())
    watch = Stopwatch()
    watch.watch(Window, "table")
    watch.watch(drift_check, "compare")
    # EvidentlyMeasure draws the report; the tests run within it.
    watch.watch(drift_report.EvidentlyMeasure, "__call__")
    watch.watch(drift_report, "measure")
    before, started = peak_mb(), time.perf_counter()
    result, html = check_module.check(
        subject, captures, start=day.START, end=day.END, now=day.END + timedelta(minutes=10), previous={}
    )
    total = time.perf_counter() - started
    # Assert that a whole check was timed: all rows read, every column compared.
    assert (result.status, result.notes) == ("ok", []), (result.status, result.reason, result.notes)
    assert [len(result.features), bool(result.prediction), bool(html)] == [len(day.TABLE.columns), True, True]
    part = watch.seconds
    drawing = part["__call__"] - part["measure"]
    return {
        "rows": result.rows,
        "reading_s": watch.returned["table"] - started,
        "comparing_s": part["compare"] - drawing,
        "report_s": drawing,
        "seconds": total,
        "start_mb": before,
        "peak_mb": peak_mb(),
        "report_mb": len(html) / 1e6,
    }


def preset(rows: int) -> dict[str, float]:
    """Evidently's own report of the same columns, from a frame in memory to its HTML."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    numbers = [name for name in (*day.TABLE.columns, PREDICTION) if name not in CATEGORIES]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=list(CATEGORIES))
    reference, window = day.rows(day.REFERENCE_ROWS, stream=1), day.rows(rows, stream=0)
    before, started = peak_mb(), time.perf_counter()
    then, now = (Dataset.from_pandas(frame, data_definition=definition) for frame in (reference, window))
    html = Report([DataDriftPreset()]).run(now, then).get_html_str(as_iframe=False)
    total = time.perf_counter() - started
    return {
        "rows": rows,
        "seconds": total,
        "start_mb": before,
        "peak_mb": peak_mb(),
        "report_mb": len(html.encode()) / 1e6,
    }


def _bundle() -> Bundle:
    """A bundle whose model has no trees and whose holdout is the reference."""
    features = day.TABLE.features(np.random.default_rng(0))
    contract = Contract(task="regression", target="price", features=tuple(features))
    model = {
        "format": 1,
        "features": [feature.name for feature in features],
        "scorer": {"family": "hist_gradient_boosting", "categories": [], "baselines": [0.0], "trees": [[]]},
        "task": "regression",
        "classes": None,
        "links": [],
        "zero_is_positive": False,
        "steps": [],
    }
    records = day.rows(day.REFERENCE_ROWS, stream=1).to_dict("records")
    holdout = [{"predicted": record.pop(PREDICTION), "actual": 0.0, "features": record} for record in records]
    monitoring = {
        "drift": asdict(DriftSettings()),
        "quality": asdict(QualitySettings()),
        "history": History(order=TIME).as_dict(),
    }
    files = {
        MODEL: json.dumps(model).encode(),
        CONTRACT: contract.to_json(),
        HOLDOUT: "".join(json.dumps(row) + "\n" for row in holdout).encode(),
        METRICS: json.dumps(
            {"metric": "mae", "holdout": {"mae": 1.0}, "baseline": {"mae": 5.0}, "importance": {}}
        ).encode(),
        MONITORING: json.dumps(monitoring).encode(),
        LINEAGE: b"{}",
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return Bundle.read({**files, "manifest.json": json.dumps(digests).encode()}.__getitem__)


if __name__ == "__main__":
    kind, argument = sys.argv[1:]
    print(json.dumps(check(Path(argument)) if kind == "evergreen" else preset(int(argument))))
