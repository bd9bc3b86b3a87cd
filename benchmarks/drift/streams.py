"""False alarms and power of the whole rule on streams whose rows depend on each other, once their past is known.

A table is a past of thirty windows and a holdout of a quarter as many rows, as a split by time leaves it. The windows
that follow it are checked. There are four features; the prediction is made of the first three, the fourth is not used.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from evergreen.contract.feature import NUMBER, Feature
from evergreen.judging.dependence import Units
from evergreen.monitoring.drift.alarm import assess
from evergreen.monitoring.drift.comparison import PREDICTION, compare
from evergreen.monitoring.drift.history import History
from evergreen.monitoring.drift.past import look_back, past_of
from evergreen.settings.sections import DriftSettings

Floats = NDArray[np.float64]

RULE = DriftSettings()
PAST_WINDOWS = 30
_NAMES = ("first", "second", "third", "unused")
_WEIGHTS = np.array([3.0, 2.0, 1.0, 0.0])
_IMPORTANCE = {"first": 0.5, "second": 0.3, "third": 0.2, "unused": 0.0}
_PREDICTED = Feature(name=PREDICTION, type=NUMBER, missing_allowed=False)
_DAY_OF_ROWS = 200
_SEED = 20_261_127


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Checks by window size without drift, how many of them follow one table, and checks of each kind of drift."""

    still: dict[int, int]
    checks_a_table: int
    moved: int


# A check a day: ten years of windows of 200 rows, five of 1,000, one of 10,000.
FULL = Effort(still={200: 3_650, 1_000: 1_825, 10_000: 365}, checks_a_table=25, moved=60)
QUICK = Effort(still={200: 2}, checks_a_table=2, moved=1)


def _autoregressive(coefficient: float, rows: int, generator: np.random.Generator) -> Floats:
    noise = generator.standard_normal((rows, len(_NAMES)))
    noise[1:] *= np.sqrt(1 - coefficient**2)
    found: Floats = lfilter([1.0], [1.0, -coefficient], noise, axis=0)
    return found


def _sessions(rows: int, generator: np.random.Generator) -> Floats:
    runs = np.arange(generator.integers(20), rows + 20)[:rows] // 20
    shared: Floats = generator.standard_normal((int(np.max(runs)) + 1, len(_NAMES)))[runs]
    return (shared + generator.standard_normal((rows, len(_NAMES)))) / np.sqrt(2)


def _weekly(rows: int, generator: np.random.Generator) -> Floats:
    """Two days of seven lie one standard deviation higher."""
    day = np.arange(rows) // _DAY_OF_ROWS % 7
    found: Floats = generator.standard_normal((rows, len(_NAMES))) + np.where(day >= 5, 1.0, 0.0)[:, None]
    return found


STREAMS: dict[str, Callable[[int, np.random.Generator], Floats]] = {
    **{
        "independent" if not coefficient else f"autoregressive {coefficient:g}": partial(_autoregressive, coefficient)
        for coefficient in (0.0, 0.5, 0.9, 0.95, 0.99)
    },
    "sessions of 20": _sessions,
    "weekly": _weekly,
}


def _add(column: str, size: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def moved(now: pd.DataFrame) -> pd.DataFrame:
        weight = _WEIGHTS[_NAMES.index(column)]
        return now.assign(**{column: now[column] + size, PREDICTION: now[PREDICTION] + size * weight})

    return moved


# What is done to a window of 1,000 rows.
SCENARIOS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "first, 0.5 sd": _add("first", 0.5),
    "first, 1 sd": _add("first", 1.0),
    "unused, 1 sd": _add("unused", 1.0),
    "unused broken": lambda now: now.assign(unused=-999.0),
}
SCENARIO_ROWS = 1_000


@dataclass(frozen=True)
class Table:
    """A table whose past is known: its holdout, what training knows of it, and the rows that follow."""

    holdout: pd.DataFrame
    features: tuple[Feature, ...]
    history: History
    later: pd.DataFrame

    @classmethod
    def draw(cls, stream: str, window: int, checks: int, generator: np.random.Generator) -> "Table":
        past_rows, holdout_rows = PAST_WINDOWS * window, PAST_WINDOWS * window // 4
        values = STREAMS[stream](past_rows + holdout_rows + checks * window, generator)
        rows = pd.DataFrame(values, columns=_NAMES).assign(**{PREDICTION: 100 + values @ _WEIGHTS})
        known = rows.iloc[: past_rows + holdout_rows]
        features = tuple(
            Feature(
                name=name,
                type=NUMBER,
                missing_allowed=True,
                minimum=float(rows[name][:past_rows].min()),
                maximum=float(rows[name][:past_rows].max()),
            )
            for name in _NAMES
        )
        past = past_of(known, Units(moments=np.arange(len(known))), RULE, reference=holdout_rows, seed=0)
        history = look_back(known, past, [*features, _PREDICTED], RULE)
        return cls(known.iloc[past_rows:], features, history, rows.iloc[len(known) :])

    def alarms(self, now: pd.DataFrame) -> tuple[bool, bool]:
        """Whether a check alarms, and whether it names the feature that the model does not use."""
        found = compare(self.holdout, now, self.features, RULE, history=self.history)
        names = [feature.name for feature in found.drifted]
        return bool(assess(found, RULE, _IMPORTANCE).reasons), "unused" in names


def measure(effort: Effort, *, workers: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """By stream: checks and alarms without drift by rows of the window, and the share that alarms for each scenario."""
    found: dict[str, Any] = {stream: {"still": {}, "moved": {}} for stream in STREAMS}
    tasks = [*_tasks(effort)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(task) for task in tasks]
        for done, future in enumerate(as_completed(running), 1):
            stream, kind, key, figures = future.result()
            at = found[stream][kind].setdefault(key, dict.fromkeys(figures, 0))
            found[stream][kind][key] = {name: at[name] + value for name, value in figures.items()}
            progress(f"{done} of {len(running)}: {stream}, {key}")
    return found


Figures = tuple[str, str, str, dict[str, int]]


def _tasks(effort: Effort) -> Iterator[Callable[[], Figures]]:
    for window, checks in sorted(effort.still.items(), reverse=True):
        tables = max(1, checks // effort.checks_a_table)
        # A task takes some tens of seconds.
        each = max(1, 5_000 // (window // 20 * effort.checks_a_table))
        for stream in STREAMS:
            for first in range(0, tables, each):
                yield partial(_still, stream, window, range(first, min(first + each, tables)), effort.checks_a_table)
    for stream in STREAMS:
        for scenario in SCENARIOS:
            yield partial(_moved, stream, scenario, effort.moved)


def _still(stream: str, window: int, tables: range, checks: int) -> Figures:
    alarms = 0
    for number in tables:
        generator = np.random.default_rng([_SEED, window, number, list(STREAMS).index(stream)])
        table = Table.draw(stream, window, checks, generator)
        alarms += sum(
            table.alarms(table.later.iloc[start : start + window])[0] for start in range(0, checks * window, window)
        )
    return stream, "still", str(window), {"checks": checks * len(tables), "alarms": alarms}


def _moved(stream: str, scenario: str, checks: int) -> Figures:
    found = []
    for number in range(checks):
        generator = np.random.default_rng([_SEED, number, list(STREAMS).index(stream), len(scenario)])
        table = Table.draw(stream, SCENARIO_ROWS, 1, generator)
        found.append(table.alarms(SCENARIOS[scenario](table.later)))
    alarms, listed = (sum(hits) for hits in zip(*found, strict=True))
    return stream, "moved", scenario, {"checks": checks, "alarms": alarms, "listed": listed}
