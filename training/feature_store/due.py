"""Which rows of a view's history are to be written online, told by when they were created.

Feast would go by their events, and so never write a row that came late, or a correction of an earlier event. Whoever
writes a history may also add or change rows whose `created` is of long ago: then all of that day's are due.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from evergreen.feature_store.views import CLOCKS_DIFFER, Source, View
from training.feature_store.sources import files_of
from training.feature_store.state import Written

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is to be written of a view.

    Attributes:
        rows: to be written; of a key there may be several.
        first, last: their events.
        known: rows of the history that are known by now. Those without a key or a moment never are.
        ahead: rows whose event or `created` lies more than CLOCKS_DIFFER ahead.
        newest_event, newest_created: of the known ones; None if there are none.
        whole: every known row is due.
        limit: rows are known whose event and `created` are not later.
        after: rows are due whose `created` is later than the first, or whose event is later than the second.
        changed: rows are due that were created on these days.
        days: of the known rows, by the day of their `created`: what changes with any of them.
    """

    rows: int
    first: datetime | None
    last: datetime | None
    known: int
    ahead: int
    newest_event: datetime | None
    newest_created: datetime | None
    whole: bool
    limit: datetime
    after: tuple[datetime, datetime]
    changed: Sequence[str]
    days: Mapping[str, str]


class History:
    """The files of a view's source, as DuckDB reads them: with little memory, whatever their size."""

    def __init__(self, view: View, source: Source, data: Path) -> None:
        self._files = [str(file) for file in files_of(source, data)]
        columns = [source.columns.get(typed.name, typed.name) for typed in (*view.keys, *view.features)]
        self._columns = list(dict.fromkeys([*columns, source.event_time, source.created]))
        self._keys = [source.columns.get(key.name, key.name) for key in view.keys]
        self._event, self._created = (
            f"CAST({quoted(name)} AS TIMESTAMPTZ)" for name in (source.event_time, source.created)
        )
        self._database = duckdb.connect()
        # Moments without a zone are UTC.
        self._database.execute("SET TimeZone = 'UTC'")

    def due(self, seen: Written | None, now: datetime) -> Due:
        """
        Args:
            seen: of the run before; without it, everything is due.
        """
        values: dict[str, Any] = {
            "limit": now + CLOCKS_DIFFER,
            "created": _moment(seen.created) if seen else _NEVER,
            "until": _moment(seen.until) if seen else _NEVER,
        }
        days, earlier = self._days(values)
        # A day all of whose rows are gone has nothing to write.
        values["changed"] = [day for day, rows in earlier.items() if seen and rows != seen.days.get(day)]
        known, new = self._known(), self._new()
        ((rows, first, last, count, ahead, newest_event, newest_created),) = self._all(
            f"SELECT count(*) FILTER (known AND new), min(event) FILTER (known AND new), "
            f"max(event) FILTER (known AND new), count(*) FILTER (known), count(*) FILTER (ahead), "
            f"max(event) FILTER (known), max(created) FILTER (known) FROM (SELECT {self._event} AS event, "
            f"{self._created} AS created, {known} AS known, {new} AS new, "
            f"{self._keyed()} AND ({self._event} > $limit OR {self._created} > $limit) AS ahead "
            "FROM read_parquet($files))",
            values,
        )
        return Due(
            rows=rows,
            first=first,
            last=last,
            known=count,
            ahead=ahead,
            newest_event=newest_event,
            newest_created=newest_created,
            whole=seen is None,
            limit=values["limit"],
            after=(values["created"], values["until"]),
            changed=values["changed"],
            days=days,
        )

    def stage(self, due: Due, file: Path, *, part: int, parts: int) -> int:
        """Write a part of the due rows to a file, all those of a key to the same part; returns their number."""
        file.parent.mkdir(parents=True, exist_ok=True)
        columns = ", ".join(map(quoted, self._columns))
        keys = ", ".join(map(quoted, self._keys))
        ((written,),) = self._all(
            f"COPY (SELECT {columns} FROM read_parquet($files) WHERE {self._known()} AND {self._new()} "
            f"AND hash({keys}) % {parts} = {part}) TO '{str(file).replace(chr(39), chr(39) * 2)}' (FORMAT parquet)",
            {"limit": due.limit, "created": due.after[0], "until": due.after[1], "changed": due.changed},
        )
        return int(written)

    def _days(self, values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """By the day of `created`, what stands for its known rows; and the same without those that are new."""
        columns = ", ".join(map(quoted, self._columns))
        rows = "count(*) FILTER ({0}) || ' ' || sum(hash) FILTER ({0})"
        found = self._all(
            f"SELECT day, {rows.format('true')}, {rows.format('NOT new')} FROM (SELECT {self._day()} AS day, "
            f"hash({columns}) AS hash, {self._later()} AS new FROM read_parquet($files) WHERE {self._known()}) "
            "GROUP BY day ORDER BY day",
            values,
        )
        return {day: every for day, every, _ in found}, {day: earlier for day, _, earlier in found if earlier}

    def _known(self) -> str:
        return f"({self._keyed()} AND coalesce({self._event} <= $limit AND {self._created} <= $limit, false))"

    def _keyed(self) -> str:
        return " AND ".join(f"{quoted(key)} IS NOT NULL" for key in self._keys)

    def _new(self) -> str:
        return f"({self._later()} OR list_contains($changed::VARCHAR[], {self._day()}))"

    def _later(self) -> str:
        return f"({self._created} > $created OR {self._event} > $until)"

    def _day(self) -> str:
        return f"strftime({self._created}, '%Y-%m-%d')"

    def _all(self, query: str, values: Mapping[str, Any]) -> list[Any]:
        named = {name: value for name, value in {"files": self._files, **values}.items() if f"${name}" in query}
        return self._database.execute(query, named).fetchall()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else _NEVER


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'
