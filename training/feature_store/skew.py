"""Holds what predictions were given of the feature store against its history, from which models are trained.

python -O -m training.feature_store.skew --service service.json --data FOLDER --captures FOLDER --every-hours N \
    --result FILE
"""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from evergreen.captures.records import Faults
from evergreen.feature_store.views import CLOCKS_DIFFER, FeatureService, Source, View
from training.feature_store import program, sources
from training.feature_store.column_types import as_declared
from training.feature_store.due import quoted
from training.feature_store.served import ServedRow, is_same, served_rows

# Differences that are described; all are counted.
NAMED = 20
# Rows that are compared at a time.
_BATCH = 20_000
# How long a run may take, beside the hours between two of them.
_MARGIN = timedelta(hours=1)
_MOMENT = pa.timestamp("us", "UTC")


@dataclass
class Counts:
    """
    Attributes:
        rows: that were looked at.
        differences: values of them that the history does not have.
        late: rows for which the history had a newer event that should have been online.
    """

    rows: int = 0
    differences: int = 0
    late: int = 0


@dataclass
class Skew:
    """
    Attributes:
        views: by name.
        named: the first differences: view, feature, entity, the moment of the event, the value that was served and
            that of the history, and whether the history knows the event at all.
    """

    views: dict[str, Counts] = field(default_factory=dict)
    named: list[dict[str, Any]] = field(default_factory=list)


def compare(service: FeatureService, served: Iterable[ServedRow], *, data: Path, every: timedelta) -> Skew:
    """Hold each row against what the history knew of its event at the moment of its prediction.

    A correction of an event may be as long on its way as the schedule takes: until then, the value before it is right
    too.

    Args:
        data: the folder of the sources.
        every: the time between two runs that write online.

    Raises:
        InvalidFeatures: a view's files are unfit.
    """
    sources.check(service, data)
    skew = Skew()
    waiting: dict[str, list[ServedRow]] = {}
    for row in served:
        of_view = waiting.setdefault(row.view.name, [])
        of_view.append(row)
        if len(of_view) == _BATCH:
            _compare(waiting.pop(row.view.name), service, data, every + _MARGIN, skew)
    for rows in waiting.values():
        _compare(rows, service, data, every + _MARGIN, skew)
    return skew


def _compare(rows: Sequence[ServedRow], service: FeatureService, data: Path, allowed: timedelta, skew: Skew) -> None:
    view = rows[0].view
    history = _History(view, service.sources[view.name], data, rows)
    versions = history.versions()
    counts = skew.views.setdefault(view.name, Counts())
    counts.rows += len(rows)
    counts.late += history.late(allowed)
    for number, row in enumerate(rows):
        # Of an old event no value was served, since the view does not allow it.
        if row.event is None or view.is_stale(row.event, row.moment):
            continue
        known = versions.get(number, [])
        for feature, value in row.values.items():
            if not any(is_same(value, version[feature]) for version in _right(known, row.moment, allowed)):
                counts.differences += 1
                if len(skew.named) < NAMED:
                    newest = _newest(known, row.moment)
                    skew.named.append(
                        {
                            "view": view.name,
                            "feature": feature,
                            "entity": dict(row.entities),
                            "event": row.event.isoformat(),
                            "served": value,
                            "history": _shown(newest[feature]) if newest else None,
                            "known": newest is not None,
                        }
                    )


# Of one event: its values by feature, and under None the moment from which they were known.
_Version = Mapping[str | None, Any]


def _right(known: Sequence[_Version], moment: datetime, allowed: timedelta) -> list[_Version]:
    """What may have been online at a moment of versions in the order in which they were created."""
    before = [version[None] for version in known if version[None] <= moment - allowed]
    return [version for version in known if not before or version[None] >= before[-1]]


def _newest(known: Sequence[_Version], moment: datetime) -> _Version | None:
    """What the history knew at a moment; of what it knows since, only where the clocks may differ."""
    earlier = [version for version in known if version[None] <= moment]
    return earlier[-1] if earlier else next(iter(known), None)


def _shown(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


class _History:
    """The history of a view, beside rows that were served of it."""

    def __init__(self, view: View, source: Source, data: Path, rows: Sequence[ServedRow]) -> None:
        self._view = view
        self._files = [str(file) for file in sources.files_of(source, data)]
        self._columns = {
            typed.name: f"history.{quoted(source.columns.get(typed.name, typed.name))}"
            for typed in (*view.keys, *view.features)
        }
        self._event, self._created = (
            f"CAST(history.{quoted(name)} AS TIMESTAMPTZ)" for name in (source.event_time, source.created)
        )
        self._database = duckdb.connect()
        # Moments without a zone are UTC.
        self._database.execute("SET TimeZone = 'UTC'")
        self._database.register("served", _table(view, rows))

    def versions(self) -> dict[int, list[_Version]]:
        """By a row's number, all that was ever created of its event until then, in that order."""
        features = {f"feature_{place}": feature for place, feature in enumerate(self._view.features)}
        selected = ", ".join(f"{self._columns[feature.name]} AS {name}" for name, feature in features.items())
        found = self._query(
            f"SELECT served.number, {self._created} AS created, {selected} FROM served JOIN read_parquet($files) AS "
            f"history ON {self._same_key()} AND {self._event} = served.event "
            f"WHERE {self._created} <= served.moment + $span ORDER BY number, created",
            CLOCKS_DIFFER,
        )
        columns: dict[str | None, list[Any]] = {None: found["created"].to_pylist()}
        for name, feature in features.items():
            where = f"feature {feature.name!r} of view {self._view.name!r}"
            columns[feature.name] = as_declared(found[name], feature, where=where).to_pylist()
        versions: dict[int, list[_Version]] = {}
        for place, number in enumerate(found["number"].to_pylist()):
            versions.setdefault(number, []).append({name: column[place] for name, column in columns.items()})
        return versions

    def late(self, allowed: timedelta) -> int:
        """How many rows could have had a newer event, which was known for longer than is allowed."""
        found = self._query(
            f"SELECT count(DISTINCT served.number) AS late FROM served JOIN read_parquet($files) AS history "
            f"ON {self._same_key()} WHERE (served.event IS NULL OR {self._event} > served.event) "
            f"AND greatest({self._event}, {self._created}) <= served.moment - $span",
            allowed,
        )
        return int(found["late"][0].as_py())

    def _query(self, query: str, span: timedelta) -> pa.Table:
        return self._database.sql(query, params={"files": self._files, "span": span}).to_arrow_table()

    def _same_key(self) -> str:
        parts = []
        for place, key in enumerate(self._view.keys):
            column = self._columns[key.name]
            if key.type == "unix_timestamp":
                # The store has whole seconds.
                column = f"date_trunc('second', CAST({column} AS TIMESTAMPTZ))"
            parts.append(f"{column} = served.key_{place}")
        return " AND ".join(parts)


def _table(view: View, rows: Sequence[ServedRow]) -> pa.Table:
    """The rows as DuckDB reads them: their numbers, keys, events and moments."""
    columns: dict[str, Any] = {
        "number": pa.array(range(len(rows)), pa.int64()),
        "event": pa.array([row.event for row in rows], _MOMENT),
        "moment": pa.array([row.moment for row in rows], _MOMENT),
    }
    for place, key in enumerate(view.keys):
        values = pa.chunked_array([pa.array([row.keys[key.name] for row in rows])])
        columns[f"key_{place}"] = as_declared(values, key, where=f"key {key.name!r} of the captures")
    return pa.table(columns)


def result_of(skew: Skew, faults: Faults) -> dict[str, Any]:
    """The sums of all views, each view by itself, and the differences that are named, for result.json."""
    views = {name: asdict(counts) for name, counts in skew.views.items()}
    sums = {name: sum(counts[name] for counts in views.values()) for name in asdict(Counts())}
    return {**sums, "named": skew.named, "views": views, "unreadable": faults.count}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.feature_store.skew")
    parser.add_argument("--service", type=Path, required=True, help="the description of the feature service")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the sources")
    parser.add_argument("--captures", type=Path, required=True, help="captured records of predictions, in files")
    parser.add_argument("--every-hours", type=int, required=True, help="hours between two runs that write online")
    parser.add_argument("--result", type=Path, required=True, help="JSON: what was compared, and what differs")
    given = parser.parse_args()
    service, faults = FeatureService.from_json(given.service.read_bytes()), Faults()
    skew = compare(
        service,
        served_rows(given.captures, service, faults),
        data=given.data,
        every=timedelta(hours=given.every_hours),
    )
    for words in faults.described:
        print(words)
    with program.whole(given.result) as file:
        file.write_text(json.dumps(result_of(skew, faults), indent=1) + "\n")


if __name__ == "__main__":
    program.run(main)
