"""Labels that were mixed up: how often they are seen, and how often sound ones are taken for such."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.real_tables import TABLES, read
from benchmarks.renewal import tables
from benchmarks.renewal.synthetic import KNOWN, make
from benchmarks.renewal.world import TREES, World
from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER, Feature
from evergreen.metrics import CLASSIFICATION, REGRESSION, metric_of
from evergreen.settings.sections import DataSettings, EstimatorSettings, ModelSettings, RenewalSettings, SplitSettings
from training.preparing.rows import TrainingRows
from training.renewing.lost_signal import MOST_ROWS, TIMES, lost_signal
from training.train import fit

MIXED_UP = 1 / 3
_SEED = 20_261_130
_TARGET = "target"


def measure(
    *, streams: Sequence[str], real: Sequence[str], sizes: Sequence[int], most: int, progress: Callable[[str], None]
) -> dict[str, Any]:
    """By stream or table, and by rows of a period: the share of periods that are refused, sound and mixed up.

    Args:
        most: periods of each that are looked at.

    Raises:
        TablesUnavailable: the packages cannot be installed.
    """
    of_streams: dict[str, dict[str, Any]] = {name: {} for name in streams}
    for name, of_sizes in of_streams.items():
        for size in sizes:
            world, _ = make(name, 0, KNOWN + most + 1, size)
            of_sizes[str(size)] = _refused(world, most)
            progress(f"{name}, {size} rows: {of_sizes[str(size)]}")
    of_tables = {}
    for name, table in read(real).items():
        world = tables.make(table, TABLES[name].target, tables.LIVED[name])
        of_tables[name] = _refused(world, most, RenewalSettings().labels)
        progress(f"{name}: {of_tables[name]}")
    return {"streams": of_streams, "tables": of_tables}


def _refused(world: World, most: int, rows: int = 0) -> dict[str, float]:
    """
    Args:
        rows: from the start of a period on; 0 for those of the period.
    """
    generator = np.random.default_rng(_SEED)
    periods = np.linspace(world.first + 1, world.periods - 1, min(most, world.periods - world.first - 1)).astype(int)
    limit = RenewalSettings().most_lost
    sound, mixed = [], []
    for period in periods:
        start = world.starts[period]
        end = min(start + (rows or world.starts[period + 1] - start), world.starts[-1])
        size = min(int(end - start), MOST_ROWS)
        before, now = np.arange(max(0, start - TIMES * size), start), np.arange(end - size, end)
        labels = world.target.copy()
        places = generator.choice(now, round(size * MIXED_UP), replace=False)
        labels[places] = generator.permutation(labels[places])
        sound.append(_lost(world, before, now, world.target))
        mixed.append(_lost(world, before, now, labels))
    return {
        "periods": len(periods),
        "sound": float(np.mean(np.array(sound) > limit)),
        "mixed up": float(np.mean(np.array(mixed) > limit)),
        "most lost, sound": float(max(sound)),
        "lost, mixed up": float(np.median(mixed)),
    }


def _lost(world: World, before: Any, now: Any, target: Any) -> float:
    is_regression = metric_of(world.metric).task == REGRESSION
    names = [f"feature {place}" for place in range(world.features.shape[1])]
    contract = Contract(
        task=REGRESSION if is_regression else CLASSIFICATION,
        target=_TARGET,
        features=tuple(Feature(name=name, type=NUMBER, missing_allowed=True) for name in names),
        classes=() if is_regression else ("0", "1"),
    )
    settings = ModelSettings(
        name="labels",
        task=contract.task,
        metric=world.metric,
        data=DataSettings(path="table.csv", target=_TARGET),
        split=SplitSettings(type="random", holdout=0.25),
        estimator=EstimatorSettings(type="hist_gradient_boosting", parameters={"max_iter": TREES}),
    )

    def rows(places: Any) -> TrainingRows:
        table = pd.DataFrame(world.features[places], columns=names)
        labels = target[places]
        table[_TARGET] = labels if is_regression else labels.astype(int).astype(str).astype(object)
        return TrainingRows(table=table)

    # Of so few rows, threads take longer to meet than to work.
    with threadpool_limits(limits=1):
        return lost_signal(rows(before), rows(now), contract, settings, fit)
