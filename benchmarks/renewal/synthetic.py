"""The policies on the streams whose truth is known, and Evergreen on a long one without change."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.renewal.policies import Evergreen, Policy, simple
from benchmarks.renewal.replay import Course, Truth, replay
from benchmarks.renewal.streams import STREAMS, Draw
from benchmarks.renewal.world import Version, World, error
from evergreen.renewal.rule import ALL

METRIC = "accuracy"
# Periods that are known at the start.
KNOWN = 5
_SEED = 20_261_130
# Fresh rows that the true error of a model is measured on.
_FRESH = 20_000
_STILL = "still"
# Periods of the long stream after which progress is told.
_TOLD = 50


@dataclass(frozen=True, kw_only=True)
class Effort:
    """
    Attributes:
        periods: of each stream, with those known at the start.
        rows: of a period.
        seeds: replays of each stream.
        still: periods of the long stream without change, of `still_rows` each.
    """

    periods: int
    rows: int
    seeds: int
    still: int
    still_rows: int
    streams: Sequence[str] = tuple(STREAMS)


FULL = Effort(periods=55, rows=250, seeds=3, still=1000, still_rows=100)
QUICK = Effort(periods=12, rows=100, seeds=1, still=20, still_rows=100, streams=("SEA, abrupt", _STILL))


def measure(effort: Effort, *, workers: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """By stream and policy: the mean error, the promotions of a stream, and what they did to the true error."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {name: {} for name in effort.streams}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = [
            pool.submit(_lived, name, seed, effort.periods, effort.rows)
            for name in effort.streams
            for seed in range(effort.seeds)
        ]
        for done, future in enumerate(as_completed(running), 1):
            name, courses = future.result()
            for policy, course in courses.items():
                found[name].setdefault(policy, []).append(course)
            progress(f"{done} of {len(running)}: {name}")
    return {
        "known": KNOWN,
        "periods": effort.periods - KNOWN,
        "rows": effort.rows,
        "seeds": effort.seeds,
        "streams": {
            name: {policy: _mean(courses) for policy, courses in policies.items()} for name, policies in found.items()
        },
    }


def measure_still(effort: Effort, *, progress: Callable[[str], None]) -> dict[str, Any]:
    """Promotions on the long stream without change, and how many of them lowered the true error."""
    world, truth = make(_STILL, 0, effort.still + KNOWN, effort.still_rows)
    policy = _Frugal(Version(ALL, KNOWN), world, progress=progress)
    course = replay(world, policy, truth=truth)
    return {
        "periods": effort.still,
        "rows": effort.still_rows,
        "promotions": course.promotions,
        "needless": course.needless,
        "gates": dict(policy.gates),
        "gains": course.gains,
    }


def make(name: str, seed: int, periods: int, rows: int) -> tuple[World, Truth]:
    """A world of a stream, and the true error of a model in it."""
    generator = np.random.default_rng([_SEED, seed, list(STREAMS).index(name)])
    draw = STREAMS[name].world(periods, rows, generator)
    drawn = [draw(period, rows, generator) for period in range(periods)]
    world = World(
        metric=METRIC,
        features=np.concatenate([features for features, _ in drawn]),
        target=np.concatenate([labels for _, labels in drawn]).astype(float),
        starts=np.arange(periods + 1) * rows,
        first=KNOWN,
    )
    return world, _truth(world, draw)


def _truth(world: World, draw: Draw) -> Truth:
    @cache
    def fresh(period: int) -> tuple[Any, Any]:
        return draw(min(period + 1, world.periods - 1), _FRESH, np.random.default_rng([_SEED, period]))

    def truth(version: Version, period: int) -> float:
        """In the period that follows."""
        features, labels = fresh(period)
        return error(METRIC, world.predict(version, features, labels))

    return truth


def _lived(name: str, seed: int, periods: int, rows: int) -> tuple[str, dict[str, dict[str, Any]]]:
    world, truth = make(name, seed, periods, rows)
    evergreen = Evergreen(Version(ALL, KNOWN), world)
    refitted = Evergreen(Version(ALL, KNOWN), world, refit=True)
    policies: Mapping[str, Policy] = {**simple(world), "evergreen": evergreen, "evergreen, refit": refitted}
    courses = {policy: _figures(replay(world, each, truth=truth)) for policy, each in policies.items()}
    courses["evergreen"]["gates"] = dict(evergreen.gates)
    return name, courses


def _figures(course: Course) -> dict[str, Any]:
    return {
        "error": course.error,
        "promotions": course.promotions,
        "needless": course.needless,
    }


def _mean(courses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    gates: Counter[str] = Counter()
    for course in courses:
        gates.update(course.get("gates", {}))
    return {
        **{name: fmean(course[name] for course in courses) for name in ("error", "promotions", "needless")},
        **({"gates": dict(gates)} if gates else {}),
    }


@dataclass(kw_only=True)
class _Frugal(Evergreen):
    """On a long stream, models that cannot serve any more are let go of."""

    progress: Callable[[str], None]

    def learn(self, period: int) -> None:
        super().learn(period)
        self.world.forget({self.champion, *self.earlier})
        served = period - KNOWN + 1
        if served % _TOLD == 0:
            self.progress(f"{served} of {self.world.periods - KNOWN} periods, {self.gates.total()} promotions")
