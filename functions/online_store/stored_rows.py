"""What the online store has of the entities of a request: one batched read a view."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from evergreen import names
from evergreen.feature_store.keys import KeyValue
from evergreen.feature_store.online_table import OnlineTable, Unread
from evergreen.feature_store.protobuf import FormatError
from evergreen.feature_store.views import View
from functions.online_store.dynamodb import DynamoDB, StoreFailed


class State(Enum):
    """How a view's row of an entity was found."""

    FRESH = "fresh"
    STALE = "stale"
    MISSING = "missing"
    UNREAD = "unread"


@dataclass(frozen=True)
class StoredRow:
    """What a view has of an entity.

    Attributes:
        event: the moment of the values; None if there are none.
        age: of the values at the time of the request, in seconds.
        values: by feature; of a fresh row only.
    """

    state: State
    event: datetime | None = None
    age: float = 0.0
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What a request wants of a view.

    Attributes:
        features: of the view, that a row of the model takes.
        rows: the entities, by the values of the view's join keys. Duplicates are read once.
    """

    view: View
    features: Sequence[str]
    rows: Sequence[Mapping[str, KeyValue]]


@dataclass(frozen=True)
class Reading:
    """What came of a request's reads.

    Attributes:
        rows: of each thing asked, in its order and in the order of its entities.
        failures: why a view could not be read, without a word of what is in it.
        missing, stale: how many entities of a view were so, each counted once.
        milliseconds: that all reads took.
    """

    rows: list[list[StoredRow]]
    failures: list[str]
    missing: int
    stale: int
    milliseconds: float


class StoredRows:
    """Reads the online store of one project.

    Attributes:
        refuses: whether a row is refused whose entity is missing or stale; else its features are missing values.
    """

    def __init__(self, dynamodb: DynamoDB, project: str, *, key_version: int, refuses: bool) -> None:
        self.refuses = refuses
        self._dynamodb = dynamodb
        self._project = project
        self._key_version = key_version

    def read(self, asked: Sequence[Asked], now: datetime) -> Reading:
        """What each view has of the entities that were asked for.

        Raises:
            WrongKey: an entity lacks a join key, or has a value of another type there.
        """
        started = time.perf_counter()
        failures: list[str] = []
        counted: dict[State, int] = dict.fromkeys(State, 0)
        rows = []
        self._dynamodb.begin()
        for each in asked:
            try:
                found = self._read(each, now)
            except (StoreFailed, Unread, FormatError) as error:
                failures.append(f"{each.view.name}: {error}")
                found = [StoredRow(State.UNREAD)] * len(each.rows)
            rows.append(found)
            states = {tuple(row.items()): part.state for row, part in zip(each.rows, found, strict=True)}
            for state in states.values():
                counted[state] += 1
        duration = (time.perf_counter() - started) * 1000
        return Reading(rows, failures, counted[State.MISSING], counted[State.STALE], duration)

    def _read(self, asked: Asked, now: datetime) -> list[StoredRow]:
        view = asked.view
        table = OnlineTable(
            names.online_table(self._project, view.name),
            view.keys,
            self._dynamodb.batch_get_item,
            version=self._key_version,
            pause=self._dynamodb.pause,
        )
        found = []
        for row in table.read(asked.rows, asked.features):
            if row is None:
                found.append(StoredRow(State.MISSING))
                continue
            age = (now - row.event_time).total_seconds()
            stale = view.is_stale(row.event_time, now)
            found.append(
                StoredRow(State.STALE, row.event_time, age)
                if stale
                else StoredRow(State.FRESH, row.event_time, age, row.values)
            )
        return found


def stored_rows_from_environment(environment: Mapping[str, str] = os.environ) -> StoredRows:
    """The online store that the function's environment names."""
    return StoredRows(
        DynamoDB(environment=environment),
        environment[names.FEATURE_PROJECT],
        key_version=int(environment.get(names.FEATURE_KEY_VERSION, "3")),
        refuses=environment.get(names.FEATURES_MISSING) == "refuse",
    )
