"""Gives each row the features as they were known at its moment, by Feast.

python -O -m training.feature_store.join --service NAME --rows rows.parquet --output joined.parquet
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from evergreen.errors import InvalidFeatures
from evergreen.feature_store.views import FeatureService, Typed
from training.feature_store import definitions, program, sources
from training.feature_store.column_types import as_declared, nulls
from training.feature_store.definitions import Definitions
from training.feature_store.description import describe, service_of
from training.feature_store.reserved import EVENT_TIMESTAMP, ROW_NUMBER
from training.feature_store.store import objects_of, open_store

_PROJECT = "offline"
_MOMENT = pa.timestamp("us", "UTC")
# Integers with nulls stay integers.
_IN_PANDAS = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}


def join(defined: Definitions, service: FeatureService, rows: pa.Table, *, data: Path) -> pa.Table:
    """The features of each row, in the order of the rows: a column for each feature of the service, in its declared
    type, null where nothing was known at the row's moment, or only what is older than its view's TTL.

    A value is known from its event and from its `created` on, whichever is later; moments count in microseconds. Of
    what is known, the newest event counts, and of one event's values the one that was created last.

    Args:
        rows: a column for each join key of the service, and `event_timestamp`; without a zone, it is UTC.
        data: the folder of the sources.

    Raises:
        InvalidFeatures: the rows lack a column, or have a key of another type; or a view's files are unfit.
    """
    sources.check(service, data)
    asked = _asked(service, rows)
    features = [feature for view in service.views for feature in view.features]
    if asked[EVENT_TIMESTAMP].null_count == len(asked):
        # Feast asks for the first moment of all.
        return pa.table({feature.name: nulls(feature, len(asked)) for feature in features})
    with sources.working_directory(data) as folder:
        store = open_store(project=_PROJECT, registry=folder / "registry.db", key_version=service.key_version)
        store.apply([*objects_of(defined, service)])
        found = store.get_historical_features(
            entity_df=asked.to_pandas(types_mapper=_IN_PANDAS.get),
            features=service_of(defined, service.name),
            filter_by_created_timestamp=True,
        ).to_arrow()
    return _in_order(found, len(asked), features)


def _asked(service: FeatureService, rows: pa.Table) -> pa.Table:
    """The rows as Feast takes them, with their numbers: beyond some size, it gives them back in another order."""
    needed = [EVENT_TIMESTAMP, *(key.name for key in service.keys)]
    if missing := [name for name in needed if name not in rows.column_names]:
        raise InvalidFeatures(f"the rows have no column {', '.join(map(repr, missing))}, which {service.name!r} needs")
    moment = rows[EVENT_TIMESTAMP]
    if not kinds.is_timestamp(moment.type):
        raise InvalidFeatures(f"{EVENT_TIMESTAMP!r} of the rows has the type {moment.type}; it should have timestamps")
    columns = {key.name: as_declared(rows[key.name], key, where=f"{key.name!r} of the rows") for key in service.keys}
    # Down to microseconds, so that nothing that comes after the moment is known at it.
    columns[EVENT_TIMESTAMP] = moment.cast(pa.timestamp("us", moment.type.tz), safe=False).cast(_MOMENT)
    columns[ROW_NUMBER] = pa.chunked_array([np.arange(len(rows))])
    return pa.table(columns)


def _in_order(found: pa.Table, rows: int, features: list[Typed]) -> pa.Table:
    """
    Raises:
        RuntimeError: Feast has dropped rows, or doubled some.
    """
    numbers = found[ROW_NUMBER].to_numpy()
    order = np.argsort(numbers, kind="stable")
    if not np.array_equal(numbers[order], np.arange(rows)):
        raise RuntimeError(f"Feast's join made {len(numbers)} rows of {rows}")
    place = pa.array(order)
    return pa.table(
        {
            feature.name: as_declared(found[feature.name], feature, where=f"feature {feature.name!r}").take(place)
            for feature in features
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.feature_store.join")
    parser.add_argument("--definitions", type=Path, default=Path("features"), help="their folder")
    parser.add_argument("--data", type=Path, help="the folder of the sources; without it, that of the definitions")
    parser.add_argument("--service", required=True, help="the name of the feature service")
    parser.add_argument("--rows", type=Path, required=True, help="Parquet: the join keys, and event_timestamp")
    parser.add_argument("--output", type=Path, required=True, help="Parquet: the features of each row")
    given = parser.parse_args()
    defined = definitions.read(given.definitions)
    joined = join(
        defined,
        describe(defined, given.service),
        pq.read_table(given.rows),
        data=given.data or given.definitions / sources.DATA,
    )
    with program.whole(given.output) as file:
        pq.write_table(joined, file)


if __name__ == "__main__":
    program.run(main)
