"""The bootstrap of Train's intervals and Judge's comparison: 2,000 draws of a holdout, for every metric."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.figures import median
from evergreen.judging.bootstrap import estimate, paired_gain
from evergreen.metrics import METRICS, REGRESSION, Outcomes
from evergreen.settings.sections import PromotionSettings

RESAMPLES = 2000
_CLASSES = ("none", "one", "two")
_CONFIDENCE = PromotionSettings().confidence


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Rows of the holdout, and rounds per metric."""

    rows: int
    rounds: int


FULL = Effort(rows=100_000, rounds=3)
QUICK = Effort(rows=1_000, rounds=1)


def measure(effort: Effort, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Median seconds of an interval and of a paired difference, by metric."""
    seconds = {}
    for name, metric in METRICS.items():
        progress(f"{name}, {effort.rows:,} rows")
        draw = _numbers if metric.task == REGRESSION else _labels
        candidate, champion = (draw(effort.rows, stream) for stream in (0, 1))
        seconds[name] = {
            "interval_s": _median(partial(estimate, name, candidate, seed=0), effort.rounds),
            "paired_s": _median(
                partial(paired_gain, name, candidate, champion, seed=0, confidence=_CONFIDENCE), effort.rounds
            ),
        }
    return {"rows": effort.rows, "resamples": RESAMPLES, "metrics": seconds}


def _median(call: Callable[[], Any], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        spent.append(time.perf_counter() - started)
    return median(spent)


def _numbers(rows: int, stream: int) -> Outcomes:
    actual = np.random.default_rng(0).lognormal(size=rows)
    predicted = actual * np.random.default_rng([1, stream]).normal(1, 0.1, size=rows)
    return Outcomes(actual=actual.tolist(), predicted=predicted.tolist())


def _labels(rows: int, stream: int) -> Outcomes:
    """Labels drawn from the predicted probabilities."""
    shared = np.random.default_rng(0)
    scores = shared.normal(size=(rows, len(_CLASSES)))
    actual = (scores + shared.gumbel(size=scores.shape)).argmax(axis=1)
    scores += np.random.default_rng([1, stream]).normal(0, 0.1, size=scores.shape)
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Outcomes(
        actual=[_CLASSES[place] for place in actual],
        predicted=[_CLASSES[place] for place in probabilities.argmax(axis=1)],
        probabilities=probabilities.tolist(),
        classes=_CLASSES,
    )
