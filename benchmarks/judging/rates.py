"""How often Judge's comparison promotes an equally good model, and how often a better one, by stream of rows."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np

from benchmarks.judging.draws import STREAMS, draw
from evergreen.judging.dependence import Units
from evergreen.judging.improvement import better_than_champion
from evergreen.metrics import METRICS
from evergreen.settings.sections import PromotionSettings
from functions.judge.comparison import Pair

# The margin that a goal speaks of.
STATED_MARGIN = 0.2
_CONFIDENCE = PromotionSettings().confidence
_SEED = 20_261_124
_CHUNKS = 4


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Number of replays by rows of the holdout.

    Attributes:
        equal: with two equally good models, on independent rows of which nothing is known.
        better: with a better model at each margin.
        streams: with two equally good models, on each stream of rows that depend on each other as is known.
        margins: how much less the error of the better model is.
    """

    equal: dict[int, int]
    better: dict[int, int]
    streams: dict[int, int]
    margins: Sequence[float] = (0.05, 0.1, 0.15, STATED_MARGIN)


FULL = Effort(
    equal={**dict.fromkeys((30, 100, 300, 700, 2_000), 300), 10_000: 100},
    better={**dict.fromkeys((30, 100, 300, 700, 2_000), 60), 10_000: 20},
    streams={**dict.fromkeys((100, 700, 2_000), 200), 10_000: 100},
)
QUICK = Effort(equal={30: 4, 700: 4}, better={30: 1, 700: 1}, streams={100: 1}, margins=(STATED_MARGIN,))


def promoted(
    metric: str, rows: int, generator: np.random.Generator, *, margin: float, stream: str | None = None
) -> bool:
    """Draw once; whether the candidate beats the champion beyond noise.

    Args:
        stream: of draws.STREAMS, whose units are known to the comparison; without it, rows are independent and nothing
            is known of them.
    """
    if stream is None:
        two, units = draw(metric, rows, generator, margin=margin), Units()
    else:
        two = draw(metric, rows, generator, margin=margin, stream=STREAMS[stream])
        units = two.units
    both = Pair(metric=metric, rows=[], candidate=two.candidate, champion=two.champion, where="", units=units)
    return better_than_champion(both.compare(confidence=_CONFIDENCE), confidence=_CONFIDENCE).passed


def measure(effort: Effort, *, workers: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """By metric, rows and margin: the number of replays, and the share of them that promoted the candidate."""
    replays: Counter[tuple[str, int, float]] = Counter()
    promotions: Counter[tuple[str, int, float]] = Counter()
    # Largest holdouts first, so that no worker starts a long task at the end.
    tasks = sorted(_tasks(effort), key=lambda task: -task[1])
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(replay, *task) for task in tasks]
        for done, future in enumerate(as_completed(running), 1):
            metric, rows, margin, count, found = future.result()
            replays[metric, rows, margin] += count
            promotions[metric, rows, margin] += found
            progress(f"{done} of {len(running)}: {metric}, {rows:,} rows")
    return {
        metric: {
            str(rows): {
                str(margin): {
                    "replays": replays[metric, rows, margin],
                    "promoted": promotions[metric, rows, margin] / replays[metric, rows, margin],
                }
                for margin in (0.0, *effort.margins)
            }
            for rows in effort.equal
        }
        for metric in METRICS
    }


def measure_streams(effort: Effort, *, workers: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """By stream, rows and metric: the share of replays that promoted an equally good candidate; and the replays."""
    tasks = [
        (metric, stream, rows, count)
        # Largest holdouts first, so that no worker starts a long task at the end.
        for rows, count in sorted(effort.streams.items(), reverse=True)
        for stream in STREAMS
        for metric in METRICS
    ]
    shares: dict[str, dict[str, dict[str, float]]] = {stream: {} for stream in STREAMS}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(replay_stream, *task) for task in tasks]
        for done, future in enumerate(as_completed(running), 1):
            metric, stream, rows, share = future.result()
            shares[stream].setdefault(str(rows), {})[metric] = share
            progress(f"{done} of {len(running)}: {stream}, {metric}, {rows:,} rows")
    return {"replays": {str(rows): count for rows, count in effort.streams.items()}, "shares": shares}


def replay_stream(metric: str, stream: str, rows: int, replays: int) -> tuple[str, str, int, float]:
    generator = np.random.default_rng([_SEED, rows, list(STREAMS).index(stream), list(METRICS).index(metric)])
    found = sum(promoted(metric, rows, generator, margin=0.0, stream=stream) for _ in range(replays))
    return metric, stream, rows, found / replays


def replay(metric: str, rows: int, margin: float, replays: int, seed: int) -> tuple[str, int, float, int, int]:
    generator = np.random.default_rng([seed, rows, round(100 * margin), list(METRICS).index(metric)])
    found = sum(promoted(metric, rows, generator, margin=margin) for _ in range(replays))
    return metric, rows, margin, replays, found


def _tasks(effort: Effort) -> Iterator[tuple[str, int, float, int, int]]:
    """Metric, rows, margin, replays and seed."""
    for metric in METRICS:
        for rows, count in effort.equal.items():
            for chunk in range(_CHUNKS):
                yield metric, rows, 0.0, max(1, count // _CHUNKS), _SEED + chunk
        for rows, count in effort.better.items():
            for margin in effort.margins:
                yield metric, rows, margin, count, _SEED
