"""Time and memory of judging a large holdout: the bootstrap of each metric, and all of Judge in its own process."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from benchmarks.judging.draws import draw
from benchmarks.places import CHECKOUT
from evergreen import portable
from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER, Feature
from evergreen.judging.bootstrap import paired_gain
from evergreen.metrics import METRICS
from evergreen.settings.sections import PromotionSettings
from evergreen.versions import bundle

ROWS = 100_000
# The judged model is like the template's own, with as many columns as in the benchmark of the drift check.
_COLUMNS, _TREES, _TRAINING_ROWS = 13, 200, 20_000


def measure(rows: int, *, rounds: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of the bootstrap by metric; seconds and peak memory (MB, imports included) of Judge."""
    seconds = {}
    for metric in METRICS:
        two = draw(metric, rows, np.random.default_rng(0), margin=0.1)
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            paired_gain(
                metric,
                two.candidate,
                two.champion,
                units=two.units,
                seed=0,
                confidence=PromotionSettings().confidence,
            )
            times.append(time.perf_counter() - start)
        seconds[metric] = median(times)
        progress(f"bootstrap of {metric}: {seconds[metric]:.1f} s")
    with TemporaryDirectory() as folder:
        write_bundles(Path(folder), rows)
        command = [sys.executable, "-m", "benchmarks.judging.process", folder]
        found = subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True)
    judged = json.loads(found.stdout)
    progress(f"Judge: {judged['seconds']:.0f} s, {judged['megabytes']:.0f} MB")
    return {"rows": rows, "bootstrap": seconds, "judge": judged}


def write_bundles(folder: Path, rows: int) -> None:
    """Write a candidate and a champion: boosted trees on the same columns. The champion was fitted to fewer rows."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame(generator.standard_normal((_TRAINING_ROWS + rows, _COLUMNS))).add_prefix("column")
    noise = generator.standard_t(5, len(table))
    target = np.exp(table["column0"] + 0.5 * table["column1"] * table["column2"] + 0.3 * noise)
    holdout, truth = table.tail(rows), target.tail(rows)
    for name, seen in (("candidate", _TRAINING_ROWS), ("champion", _TRAINING_ROWS // 2)):
        estimator = HistGradientBoostingRegressor(max_iter=_TREES, early_stopping=False, random_state=0)
        estimator.fit(table.head(seen), target.head(seen))
        _write_bundle(folder / name, estimator, holdout, truth)


def _write_bundle(folder: Path, estimator: Any, holdout: pd.DataFrame, truth: pd.Series) -> None:
    folder.mkdir()
    features = tuple(Feature(name=name, type=NUMBER, missing_allowed=False) for name in holdout)
    contract = Contract(task="regression", target="price", features=features)
    rows = zip(holdout.to_dict("records"), truth.tolist(), estimator.predict(holdout).tolist(), strict=True)
    # In an order, so that Judge looks at how the rows depend on each other.
    lines = (
        json.dumps({"features": row, "actual": actual, "predicted": said, "moment": place})
        for place, (row, actual, said) in enumerate(rows)
    )
    metrics = {"metric": "mape", "baseline": {"mape": 1.0}, "promotion": vars(PromotionSettings())}
    (folder / bundle.MODEL).write_text(json.dumps(portable.export(estimator)))
    (folder / bundle.CONTRACT).write_bytes(contract.to_json())
    (folder / bundle.HOLDOUT).write_text("\n".join(lines))
    (folder / bundle.METRICS).write_text(json.dumps(metrics))
    for name in (bundle.MONITORING, bundle.LINEAGE):
        (folder / name).write_text("{}")
    bundle.write_manifest(folder)
