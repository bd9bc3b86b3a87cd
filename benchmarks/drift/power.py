"""How often a check alarms or names a column, without drift and with it.

Evidently's verdicts come from its metric DriftedColumnsCount: over all columns, and over the moved column alone.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol

import numpy as np
import pandas as pd

from benchmarks.table import NEW_LEVEL, NUMBERS, Table
from evergreen.contract.feature import Feature
from evergreen.monitoring.drift.comparison import compare
from evergreen.settings.sections import DriftSettings

_RULE = DriftSettings()
EVERGREEN, EVIDENTLY = "Evergreen", "Evidently"
ALARM, ALARM_AT_HALF, NAMES_ANY = f"alarm above {_RULE.share:g}", "alarm from 0.5", "names any"
REFERENCE, SMALL_REFERENCE = 5_000, 1_000
_SMALL_REFERENCE_WINDOWS = (100, 1_000, 10_000)
_SEED = 20_261_124


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Number of replays by window size: without drift, and with each kind of drift."""

    still: dict[int, int]
    moved: dict[int, int]


FULL = Effort(
    still={**dict.fromkeys((50, 100, 200, 500, 1_000), 400), 10_000: 200, 100_000: 50, 1_000_000: 10},
    moved={**dict.fromkeys((50, 100, 200, 500, 1_000), 150), 10_000: 100, 100_000: 20, 1_000_000: 3},
)
QUICK = Effort(still={100: 1, 1_000: 1}, moved={100: 1, 1_000: 1})


@dataclass(frozen=True)
class Moved:
    """A change of one column."""

    column: str
    change: Callable[[Any, np.random.Generator], Any]


def _appearing(value: Any, share: float) -> Callable[[Any, np.random.Generator], Any]:
    return lambda values, generator: np.where(generator.random(len(values)) < share, value, values)


SCENARIOS = {
    "0.1 sd": Moved("normal", lambda values, _: values + 0.1),
    "0.25 sd": Moved("normal", lambda values, _: values + 0.25),
    "0.5 sd": Moved("normal", lambda values, _: values + 0.5),
    "20% missing": Moved("skewed", _appearing(np.nan, 0.2)),
    "new category, 10%": Moved("five_levels", _appearing(NEW_LEVEL, 0.1)),
}


class Contender(Protocol):
    """A drift check to be measured."""

    def named(self, reference: pd.DataFrame, current: pd.DataFrame, only: str | None) -> float:
        """The number of columns that it names; with `only`, 1 if it names that column, else 0."""


@dataclass(frozen=True)
class Evergreen:
    """Compares all columns, as a check does, also if `only` one is asked for."""

    features: list[Feature]

    def named(self, reference: pd.DataFrame, current: pd.DataFrame, only: str | None) -> float:
        found = compare(reference, current, self.features, _RULE).features
        return sum(feature.drifted for feature in found if only in (None, feature.name))


class Evidently:
    """Compares only the column asked for: Evidently judges each column by itself."""

    def __init__(self) -> None:
        os.environ["DO_NOT_TRACK"] = "1"
        import evidently
        from evidently.metrics import DriftedColumnsCount

        self._library, self._count = evidently, DriftedColumnsCount

    def named(self, reference: pd.DataFrame, current: pd.DataFrame, only: str | None) -> float:
        columns = [only] if only else list(reference)
        numbers = [name for name in columns if name in NUMBERS]
        categories = [name for name in columns if name not in NUMBERS]
        definition = self._library.DataDefinition(numerical_columns=numbers, categorical_columns=categories)
        before, now = (
            self._library.Dataset.from_pandas(frame[columns], data_definition=definition)
            for frame in (reference, current)
        )
        snapshot = self._library.Report([self._count(columns=columns)]).run(now, before)
        return float(snapshot.dict()["metrics"][0]["value"]["count"])


def measure(effort: Effort, *, workers: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Shares of the replays by rows of the reference, rows of the window and contender."""
    totals: dict[tuple[int, int], Counter[str]] = {}
    # Largest windows first, so that no worker starts a long task at the end.
    tasks = sorted(_tasks(effort, workers), key=lambda task: -task[1])
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(replay, *task) for task in tasks]
        for done, future in enumerate(as_completed(running), 1):
            reference, window, counts = future.result()
            totals.setdefault((reference, window), Counter()).update(counts)
            progress(f"{done} of {len(running)}: windows of {window:,}")
    shares: dict[str, Any] = {str(REFERENCE): {}, str(SMALL_REFERENCE): {}}
    for (reference, window), counts in sorted(totals.items()):
        shares[str(reference)][str(window)] = _shares(counts)
    return shares


def _tasks(effort: Effort, workers: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Rows of the reference and of the window, replays without and with drift, and a seed; one task per worker."""
    for reference, window, still, moved in (
        *((REFERENCE, window, still, effort.moved[window]) for window, still in effort.still.items()),
        *(
            (SMALL_REFERENCE, window, effort.moved[window], 0)
            for window in _SMALL_REFERENCE_WINDOWS
            if window in effort.moved
        ),
    ):
        for worker in range(workers):
            one, other = (count * (worker + 1) // workers - count * worker // workers for count in (still, moved))
            yield reference, window, one, other, _SEED + worker


def replay(reference: int, window: int, still: int, moved: int, seed: int) -> tuple[int, int, Counter[str]]:
    """Draw both samples anew for each replay, and count the verdicts of the contenders."""
    generator = np.random.default_rng([seed, reference, window])
    table = Table()
    contenders: dict[str, Contender] = {EVERGREEN: Evergreen(table.features(generator)), EVIDENTLY: Evidently()}
    counts: Counter[str] = Counter({"still": still, "moved": moved})
    for number in range(max(still, moved)):
        before, hidden = table.draw(reference, generator), table.hidden(window, generator)
        now = table.frame(hidden)
        if number < still:
            for name, contender in contenders.items():
                counts.update(f"{name}, still, {verdict}" for verdict in _verdicts(contender.named(before, now, None)))
        if number < moved:
            counts.update(_moved(contenders, before, now, generator))
            shifted = table.frame(hidden, shift=0.25)
            for name, contender in contenders.items():
                found = _verdicts(contender.named(before, shifted, None))
                counts.update(f"{name}, moved, {verdict}" for verdict in found)
    return reference, window, counts


def _moved(
    contenders: dict[str, Contender], before: pd.DataFrame, now: pd.DataFrame, generator: np.random.Generator
) -> Iterator[str]:
    for scenario, moved in SCENARIOS.items():
        current = now.assign(**{moved.column: moved.change(now[moved.column].to_numpy(), generator)})
        for name, contender in contenders.items():
            if contender.named(before, current, moved.column):
                yield f"{name}, moved, {scenario}"


def _verdicts(named: float) -> Iterator[str]:
    """Verdicts on ten columns: Evergreen alarms above its share, Evidently at its share of 0.5 or above."""
    if named / 10 > _RULE.share:
        yield ALARM
    if named / 10 >= 0.5:
        yield ALARM_AT_HALF
    if named:
        yield NAMES_ANY


def _shares(counts: Counter[str]) -> dict[str, Any]:
    still, moved = counts["still"], counts["moved"]
    return {
        "replays": still,
        "replays_moved": moved,
        **{
            name: {
                "still": {key: counts[f"{name}, still, {key}"] / still for key in (ALARM, ALARM_AT_HALF, NAMES_ANY)},
                "moved": {
                    key: counts[f"{name}, moved, {key}"] / moved for key in (*SCENARIOS, ALARM, ALARM_AT_HALF) if moved
                },
            }
            for name in (EVERGREEN, EVIDENTLY)
        },
    }
