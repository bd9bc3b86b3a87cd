"""A file of fresh feature values, held against the view that it is for, before anything of it is sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from evergreen.contract.cells import MISSING
from evergreen.errors import InvalidFeatures
from evergreen.feature_store.keys import zoned
from evergreen.feature_store.views import CLOCKS_DIFFER, Source, Typed, View
from evergreen.number_text import counted
from evergreen.quoting import quoted

_MOMENT = pa.timestamp("us", "UTC")
_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "bytes": pa.binary(),
    "unix_timestamp": _MOMENT,
}
_MOST_FAULTS = 30


@dataclass(frozen=True)
class PushedRows:
    """
    Attributes:
        table: the columns of the view, and `event` and `created`, in the view's own types; at least one row.
    """

    view: View
    table: pa.Table

    def newest(self) -> list[dict[str, Any]]:
        """The row of the newest event of each entity, and of one event's the one that was created last."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in self.table.to_pylist():
            key = tuple(row[each.name] for each in self.view.keys)
            before = found.get(key)
            if before is None or (before[EVENT], before[CREATED]) <= (row[EVENT], row[CREATED]):
                found[key] = row
        return list(found.values())

    def as_history(self, source: Source) -> pa.Table:
        """The rows under the names that the view's files have."""
        in_files = {EVENT: source.event_time, CREATED: source.created, **source.columns}
        return self.table.rename_columns([in_files.get(name, name) for name in self.table.column_names])


# Names of the two moments while a file is looked at; a feature's name cannot have a blank around it.
EVENT, CREATED = " event ", " created "


def read(file: Path, view: View, source: Source, *, now: datetime) -> PushedRows:
    """Read a Parquet or CSV file. It has a column for each join key and each feature of the view, one with the moment
    of the event, and may have one with the moment since when a row is known; else that is now.

    Raises:
        InvalidFeatures: it cannot be read, or does not fit the view; every fault is named.
    """
    found = _cells(file)
    columns: dict[str, pa.ChunkedArray] = {}
    faults: list[str] = []
    faults += [f"the column {name!r} is none of the view's" for name in _others(found, view, source)]
    for typed, is_key in (*((key, True) for key in view.keys), *((each, False) for each in view.features)):
        name = typed.name if typed.name in found.column_names else source.columns.get(typed.name, typed.name)
        if name not in found.column_names:
            faults.append(f"the column {typed.name!r} is missing ({typed.type})")
            continue
        try:
            columns[typed.name] = _of_type(found[name], typed, is_key=is_key)
        except InvalidFeatures as fault:
            faults.append(str(fault))
    known = {EVENT: source.event_time, CREATED: source.created}
    for own, name in known.items():
        if name in found.column_names:
            moments = _moments(found[name], name)
            columns[own] = moments[0]
            faults += [*moments[1], *_ahead(moments[0], name, now)]
        elif own == EVENT:
            faults.append(f"the column {name!r} is missing (the moment of each event)")
        else:
            columns[own] = pa.chunked_array([pa.repeat(pa.scalar(now, _MOMENT), len(found))])
    if not len(found):
        faults.append("there are no rows")
    if faults:
        more = f"; and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
        raise InvalidFeatures(
            f"{file.name} does not fit the view {view.name!r}: {'; '.join(faults[:_MOST_FAULTS])}{more}"
        )
    return PushedRows(view, pa.table(columns))


def _cells(file: Path) -> pa.Table:
    try:
        with file.open("rb") as stream:
            is_parquet = stream.read(4) == b"PAR1"
        names = pq.read_schema(file).names if is_parquet else pa.csv.open_csv(file).schema.names
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InvalidFeatures(f"{file} has more than one column {', '.join(map(repr, twice))}; keep one of each")
        if is_parquet:
            return pq.read_table(file)
        # As text: what a cell is, the view says. What means a missing value does so in the table as well.
        as_text = pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[*MISSING]
        )
        return pa.csv.read_csv(file, convert_options=as_text)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise InvalidFeatures(f"{file} cannot be read as Parquet or CSV: {error}") from error


def _others(found: pa.Table, view: View, source: Source) -> list[str]:
    names = {each.name for each in (*view.keys, *view.features)}
    known = {*names, *(source.columns.get(name, name) for name in names), source.event_time, source.created}
    return [name for name in found.column_names if name not in known]


def _of_type(cells: pa.ChunkedArray, typed: Typed, *, is_key: bool) -> pa.ChunkedArray:
    if is_key and cells.null_count:
        row = cells.is_null().to_pylist().index(True)
        raise InvalidFeatures(f"{typed.name!r} is missing in row {row + 1} ({counted(cells.null_count, 'such row')})")
    if typed.type == "unix_timestamp":
        column, faults = _moments(cells, typed.name, required=False)
        if faults:
            raise InvalidFeatures(faults[0])
        return column
    wanted = _TYPES[typed.type]
    if typed.type == "string" and not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        raise InvalidFeatures(f"{typed.name!r} has {cells.type}, and should have text")
    try:
        # Safely: nothing is cut off to fit.
        return cells.cast(wanted)
    except pa.ArrowException:
        row, value = next(
            (row, value) for row, value in enumerate(cells.to_pylist()) if not _casts(value, cells.type, wanted)
        )
        raise InvalidFeatures(
            f"{typed.name!r} has {quoted(str(value))} in row {row + 1}, and should have {typed.type}"
        ) from None


def _casts(value: Any, found: pa.DataType, wanted: pa.DataType) -> bool:
    try:
        pa.array([value], found).cast(wanted)
    except pa.ArrowException:
        return False
    return True


def _moments(cells: pa.ChunkedArray, name: str, *, required: bool = True) -> tuple[pa.ChunkedArray, list[str]]:
    """Moments in UTC, which those without a time zone are in; and what is wrong with them."""
    try:
        if pa.types.is_timestamp(cells.type):
            column = cells.cast(pa.timestamp("us", cells.type.tz), safe=False).cast(_MOMENT)
        else:
            texts = cells.cast(pa.string()).to_pylist()
            column = pa.chunked_array([pa.array([_moment(text) for text in texts], _MOMENT)])
    except (pa.ArrowException, ValueError) as error:
        return pa.chunked_array([pa.nulls(len(cells), _MOMENT)]), [f"{name!r} should have moments of ISO 8601: {error}"]
    missing = column.null_count if required else 0
    return column, [f"{name!r} is missing in {counted(missing, 'row')}"] if missing else []


def _moment(text: str | None) -> datetime | None:
    return None if text is None else zoned(datetime.fromisoformat(text))


def _ahead(moments: pa.ChunkedArray, name: str, now: datetime) -> Iterator[str]:
    count = pc.sum(pc.greater(moments, pa.scalar(now + CLOCKS_DIFFER, _MOMENT))).as_py() or 0
    if count:
        minutes = CLOCKS_DIFFER.seconds // 60
        yield f"{name!r} lies more than {minutes} minutes ahead of this machine's clock in {counted(count, 'row')}"
