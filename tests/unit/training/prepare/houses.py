"""A small table of houses, and what Prepare makes of it."""

from pathlib import Path
from typing import Any

import pandas as pd

from evergreen.settings.sections import DataSettings, ModelSettings, SplitSettings
from evergreen.versions.data_version import of_path
from training import prepare
from training.preparing.prepared import Prepared

SETTINGS = ModelSettings(
    name="houses",
    data=DataSettings(path="houses.csv", target="price", leave_out=["id"]),
    split=SplitSettings(by="day", holdout=0.2),
)


def houses(rows: int = 200) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"h{number}" for number in range(rows)],
            "day": [number // 2 for number in range(rows)],
            "city": ["Austin" if number % 3 else "Waco" for number in range(rows)],
            "rooms": [number % 5 + 1 for number in range(rows)],
            "price": [1000 + number for number in range(rows)],
        }
    )


def prepared(frame: pd.DataFrame, folder: Path, settings: ModelSettings = SETTINGS) -> Prepared:
    """By way of a CSV file."""
    file = folder / "houses.csv"
    frame.to_csv(file, index=False)
    return prepare_path(file, settings)


def prepare_path(path: Path, settings: ModelSettings = SETTINGS) -> Prepared:
    return prepare.read_and_prepare(of_path(path), settings)


def run(path: Path, settings: ModelSettings = SETTINGS, **more: Any) -> dict[str, Any]:
    """The whole job; its output lies in a folder `out` beside the table."""
    return prepare.run(of_path(path), settings, path.parent / "out", **more)
