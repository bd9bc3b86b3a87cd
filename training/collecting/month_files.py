"""Labelled rows as files of the table: Parquet, one for each month in which predictions were made.

A month that nothing has changed in has the same bytes, and so the same address in the data bucket.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER
from evergreen.errors import InvalidData
from evergreen.prediction_id import predicted_at
from evergreen.versions.data_version import CAPTURED
from training.collecting.labelled_rows import Row

# The column of the ids. No feature of a table can have the name.
PREDICTION_ID = "(prediction)"
# What tells them from a table's own Parquet.
_MARK = {b"evergreen": b"captured"}


def is_captured(path: Path) -> bool:
    """Whether a file was written by `write`."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    # No Parquet, or a damaged one: whoever reads the table names it.
    except (pa.ArrowException, OSError):
        return False
    return _MARK.items() <= metadata.items()


def files_of(table: Path) -> list[Path]:
    """Those in the folder of a table."""
    return sorted(path for path in (table / CAPTURED).glob("*.parquet") if is_captured(path))


def read(paths: Sequence[Path]) -> dict[str, Row]:
    """The rows by the prediction's id."""
    rows = (row for path in paths for row in pq.read_table(path).to_pylist())
    return {row.pop(PREDICTION_ID): row for row in rows}


def ids_of(content: bytes) -> set[str]:
    """The prediction ids in the content of a file; none of one that `write` has not written."""
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError):
        return set()
    return set(table[PREDICTION_ID].to_pylist()) if PREDICTION_ID in table.column_names else set()


def write(table: Path, rows: Mapping[str, Row], contract: Contract) -> None:
    """Write all rows into the folder of a table, in place of the files that are there.

    Raises:
        InvalidData: a row has other columns than the contract.
    """
    columns = [feature.name for feature in contract.features] + [contract.target]
    for id_, row in rows.items():
        if row.keys() != set(columns):
            odd = sorted(row.keys() ^ set(columns))[0]
            raise InvalidData(
                f"{table / CAPTURED} has rows that an earlier champion was asked for, with other columns than the "
                f"present one's ({odd!r}, prediction {id_}). Move that folder away to begin anew"
            )
    months = defaultdict(list)
    for id_ in sorted(rows):
        moment = predicted_at(id_)
        if moment is None:
            raise InvalidData(f"{id_!r} is not the prediction_id of an answer")
        months[f"{moment:%Y-%m}"].append({PREDICTION_ID: id_, **rows[id_]})
    schema = _schema(contract)
    folder = table / CAPTURED
    folder.mkdir(exist_ok=True)
    for month, found in months.items():
        _replace(folder / f"{month}.parquet", pa.Table.from_pylist(found, schema=schema))
    for path in files_of(table):
        if path.stem not in months:
            path.unlink()


def remove(table: Path, ids: Collection[str]) -> set[str]:
    """Take rows out of the files in the folder of a table; returns the ids of those that were there."""
    removed: set[str] = set()
    for path in files_of(table):
        rows = pq.read_table(path)
        held = {id_ for id_ in rows[PREDICTION_ID].to_pylist() if id_ in ids}
        if not held:
            continue
        removed |= held
        kept = rows.filter(pc.invert(pc.is_in(rows[PREDICTION_ID], pa.array(sorted(held)))))
        if kept.num_rows:
            _replace(path, kept)
        else:
            path.unlink()
    return removed


def _replace(path: Path, rows: pa.Table) -> None:
    unfinished = path.with_name(f".{path.name}")
    pq.write_table(rows, unfinished)
    unfinished.replace(path)


def _schema(contract: Contract) -> pa.Schema:
    fields = [(PREDICTION_ID, pa.string())]
    fields += [(feature.name, pa.float64() if feature.type == NUMBER else pa.string()) for feature in contract.features]
    fields.append((contract.target, pa.string() if contract.classes else pa.float64()))
    return pa.schema(fields, metadata=_MARK)
