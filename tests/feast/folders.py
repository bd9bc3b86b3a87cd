"""Folders of definitions and of history, for the tests of what runs with Feast."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

HEAD = """
from datetime import timedelta
from feast import *
from feast.types import *
from feast.on_demand_feature_view import on_demand_feature_view
"""


def source(folder="data/market", mapping=None, created="created"):
    return (
        f'FileSource(name="{folder.replace("/", "_")}", path="{folder}/*.parquet", timestamp_field="event_timestamp", '
        f"created_timestamp_column={created!r}, field_mapping={mapping or {}!r})"
    )


def view(name="market", *, schema="sales:Int64", key="city:String", of=None, more=""):
    """The text of an entity, a view and its name as a variable."""
    key_name, key_type = key.split(":")
    fields = ", ".join('Field(name="{}", dtype={})'.format(*field.split(":")) for field in [key, *schema.split()])
    return (
        f'{key_name} = Entity(name="{key_name}", value_type={key_type}.to_value_type())\n'
        f'{name} = FeatureView(name="{name}", entities=[{key_name}], source={of or source(f"data/{name}")}, '
        f"schema=[{fields}], {more})\n"
    )


def service(*views, name="all"):
    return f'service = FeatureService(name="{name}", features=[{", ".join(views)}])\n'


def write_definitions(folder: Path, *parts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "houses.py").write_text(HEAD + "".join(parts))
    return folder


def moment(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def write_history(folder: Path, rows: pd.DataFrame, *, name: str = "history", times: Sequence[str] = ()) -> Path:
    """A file below a view's folder; moments, and other columns of `times`, in microseconds, as a lake's files have."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.parquet"
    times = dict.fromkeys(("event_timestamp", "created", *times), "datetime64[us, UTC]")
    rows.astype(times).to_parquet(file, index=False)
    return file


PROJECT = "houses_dev"
NOW = moment("2026-11-01")
