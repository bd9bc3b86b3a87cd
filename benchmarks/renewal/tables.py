"""The policies on real tables in time order, and what the truth's coming late does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.real_tables import TABLES, TEXAS, WHEN, read
from benchmarks.renewal.policies import Evergreen, Policy, simple
from benchmarks.renewal.replay import replay
from benchmarks.renewal.world import Version, World
from evergreen.renewal.rule import ALL

# Characters of WHEN that say the day.
_DAY = 10


def _months(when: pd.Series) -> pd.Series:
    """Of a date as a fraction of its year."""
    return (when * 12).round()


def _weeks(when: pd.Series) -> pd.Series:
    days = pd.to_datetime(when.str[:_DAY])
    return (days - days.iloc[0]).dt.days // 7


@dataclass(frozen=True, kw_only=True)
class Lived:
    """How a table is lived through.

    Attributes:
        metric: that every policy is measured by.
        period: a number for each row, from its WHEN; larger for a later period.
        known: the share of the periods that is known at the start.
        delay: periods until the truth of one is known, after its end.
    """

    metric: str
    period: Callable[[pd.Series], pd.Series]
    known: float
    delay: int = 0


# Texas: 2000 to 2006 of 2000 to 2015 (until July) is known at the start.
LIVED = {
    TEXAS: Lived(metric="mape", period=_months, known=84 / 187, delay=1),
    "weather": Lived(metric="mae", period=_weeks, known=0.15),
    "flights": Lived(metric="mae", period=_weeks, known=0.15),
}


def measure(*, names: Sequence[str], periods: int | None, progress: Callable[[str], None]) -> dict[str, Any]:
    """By table and policy: the mean error, and the promotions.

    Args:
        periods: to live through; None for all.

    Raises:
        TablesUnavailable: the packages cannot be installed.
    """
    found = {}
    for name, table in read(names).items():
        world = make(table, TABLES[name].target, LIVED[name], periods)
        evergreen = Evergreen(Version(ALL, world.first), world)
        policies: dict[str, Policy] = {**simple(world), "evergreen": evergreen}
        courses: dict[str, Any] = {}
        for policy, each in policies.items():
            course = replay(world, each)
            courses[policy] = {"error": course.error, "promotions": course.promotions}
            progress(f"{name}, {policy}: {course.error:.4g}, {course.promotions} promotions")
        courses["evergreen"]["gates"] = dict(evergreen.gates)
        found[name] = {
            "rows": len(table),
            "periods": world.periods - world.first,
            "metric": world.metric,
            "policies": courses,
        }
    return found


def make(table: pd.DataFrame, target: str, lived: Lived, periods: int | None = None) -> World:
    """
    Args:
        table: sorted by WHEN.
    """
    moments = pd.factorize(table[WHEN])[0]
    period = pd.factorize(lived.period(table[WHEN]))[0]
    starts = np.searchsorted(period, np.arange(period[-1] + 2))
    first = round(lived.known * (len(starts) - 1))
    starts = starts if periods is None else starts[: first + periods + 1]
    features = table.drop(columns=[WHEN, target])
    categories = [place for place, name in enumerate(features) if features[name].dtype == object]
    coded = features.apply(lambda column: pd.factorize(column)[0] if column.dtype == object else column)
    return World(
        metric=lived.metric,
        features=coded.to_numpy(dtype=np.float64),
        target=table[target].to_numpy(dtype=np.float64),
        starts=starts,
        first=first,
        delay=lived.delay,
        moments=moments,
        categories=categories,
    )
