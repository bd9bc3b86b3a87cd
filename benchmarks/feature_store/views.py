"""The feature views that are measured: as Feast's definitions, as data for what runs without it, their histories."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evergreen.feature_store.views import Typed, View

PROJECT = "benchmark_dev"
SERVICE = "benchmark"
KEY = "customer"
FEATURES = 10
# Moments of the history, in microseconds since 1970: the whole of 2025.
_FIRST, _LAST = 1_735_689_600_000_000, 1_767_225_600_000_000
_ROWS_A_GROUP = 100_000

_HEAD = f"""\
from datetime import timedelta
from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, String

{KEY} = Entity(name="{KEY}", value_type=ValueType.STRING)
"""
# For Feast alone; Evergreen's side has its own in training/feature_store/store.py.
_STORE = f"""\
project: {PROJECT}
provider: local
registry: registry.db
offline_store:
  type: duckdb
online_store:
  type: dynamodb
  region: us-east-1
entity_key_serialization_version: 3
"""


@dataclass(frozen=True)
class Repository:
    """A folder that Feast reads: definitions, feature_store.yaml, and the histories below data/."""

    folder: Path
    views: Sequence[View]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def view_file(self, view: View) -> Path:
        """The view as data, for a process that does without Feast."""
        file = self.folder / f"{view.name}.json"
        file.write_text(json.dumps(asdict(view)))
        return file


def repository(folder: Path, *, views: int = 1) -> Repository:
    """Views of ten numbers each, by customer, without a limit of age."""
    described = [_view(f"view_{number}") for number in range(views)]
    (folder / "data").mkdir(parents=True)
    (folder / "feature_store.yaml").write_text(_STORE)
    (folder / "definitions.py").write_text(_HEAD + "".join(map(_definition, described)) + _service(described))
    return Repository(folder, described)


def _view(name: str) -> View:
    features = tuple(Typed(f"{name}_f{number}", "double") for number in range(FEATURES))
    return View(name=name, keys=(Typed(KEY, "string"),), features=features)


def _definition(view: View) -> str:
    fields = ", ".join(f'Field(name="{feature.name}", dtype=Float64)' for feature in view.features)
    return f"""
{view.name} = FeatureView(
    name="{view.name}",
    entities=[{KEY}],
    ttl=timedelta(0),
    source=FileSource(
        name="{view.name}_history",
        path="data/{view.name}/*.parquet",
        timestamp_field="event_timestamp",
        created_timestamp_column="created",
    ),
    schema=[Field(name="{KEY}", dtype=String), {fields}],
)
"""


def _service(views: Sequence[View]) -> str:
    names = ", ".join(view.name for view in views)
    return f'\nservice = FeatureService(name="{SERVICE}", features=[{names}])\n'


def customer(number: int) -> str:
    return f"customer-{number:07}"


def write_history(file: Path, view: View, *, rows: int, customers: int, stream: int) -> None:
    """A history in which each customer has as many events as the others; a value is known from its event on.

    Args:
        customers: a divisor of `rows`.
        stream: of random numbers.
    """
    generator = np.random.default_rng(stream)
    names = np.array([customer(number) for number in range(customers)])
    file.parent.mkdir(parents=True, exist_ok=True)
    order = generator.permutation(rows) % customers
    moments = _moments(rows, generator)
    columns = {
        KEY: pa.array(names[order]),
        "event_timestamp": moments,
        "created": moments,
        **{feature.name: pa.array(generator.standard_normal(rows)) for feature in view.features},
    }
    pq.write_table(pa.table(columns), file, row_group_size=_ROWS_A_GROUP)


def write_rows(file: Path, *, rows: int, customers: int, stream: int) -> None:
    """Rows that features are asked for: a customer and a moment each."""
    generator = np.random.default_rng(stream)
    names = np.array([customer(number) for number in range(customers)])
    asked = pa.array(names[generator.integers(customers, size=rows)])
    pq.write_table(pa.table({KEY: asked, "event_timestamp": _moments(rows, generator)}), file)


def _moments(rows: int, generator: np.random.Generator) -> pa.Array:
    """In microseconds, so that hardly two events of a customer have the same: either of them might count then."""
    return pa.array(generator.integers(_FIRST, _LAST, size=rows), pa.timestamp("us", "UTC"))
