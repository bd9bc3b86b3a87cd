"""Reads an instance that names entities of the feature store, and says what the store has to add:

    {"entities": {"city": "Austin"}, "features": {"rooms": 3}}

Imported only by requests that have such instances.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from evergreen.contract import dates
from evergreen.contract.contract import Contract, unknown, wrong
from evergreen.errors import FieldError
from evergreen.feature_store.keys import KeyValue, WrongKey, serialised_key
from evergreen.feature_store.views import Typed
from evergreen.quoting import cut

# By the type of a join key, what a request may have.
_EXPECTED = {
    "string": "text that is not empty",
    "int32": "a whole number of 32 bits",
    "int64": "a whole number of 64 bits",
    "bytes": "bytes as text in base64, not empty",
    "unix_timestamp": "a date and time of ISO 8601, such as 2024-05-31T12:00:00Z",
}
# Join keys that a message names.
_NAMED = 10


@dataclass
class EntityRow:
    """An instance as it came with entities.

    Attributes:
        place: the beginning of a path to what is in it.
        entities: as the caller wrote them.
        given: its features, and those that a join key fills.
        keys: the entities as they are looked up.
        wanted: by the name of a view, the features that it has to give.
        faults: what is wrong with the entities.
        excused: features of which a fault says already why they are not given.
    """

    place: str
    entities: Mapping[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, KeyValue] = field(default_factory=dict)
    wanted: dict[str, list[str]] = field(default_factory=dict)
    faults: list[FieldError] = field(default_factory=list)
    excused: set[str] = field(default_factory=set)


def served(contract: Contract) -> dict[str, list[str]]:
    """By the name of a view, the features of the contract that it gives. If two views have one, the first gives it."""
    given: set[str] = set()
    views = {}
    for view in contract.stored:
        views[view.name] = [each.name for each in view.features if each.name in contract.names - given]
        given.update(views[view.name])
    return views


def read_entity_row(
    instance: Mapping[str, Any], place: str, contract: Contract, views: Mapping[str, list[str]]
) -> EntityRow:
    """
    Args:
        views: what `served` gives.
    """
    row = EntityRow(place)
    row.faults += [
        unknown(place.rstrip(".") or "the row", name, "entities and features only")
        for name in instance
        if name not in ("entities", "features")
    ]
    entities, given = instance.get("entities", {}), instance.get("features", {})
    if not isinstance(given, Mapping):
        row.faults.append(wrong(f"{place}features", given, "an object of feature name to value"))
        row.excused.update(contract.names)
        return row
    if not isinstance(entities, Mapping):
        row.given = dict(given)
        row.faults.append(wrong(f"{place}entities", entities, "an object of join key to value"))
        row.excused.update(contract.names)
        return row
    row.entities = entities
    _read_keys(row, contract)
    row.given = {**{name: entities[name] for name in row.keys if name in contract.names}, **given}
    row.wanted = {
        view: wanted for view, names in views.items() if (wanted := [name for name in names if name not in row.given])
    }
    _miss_keys(row, contract)
    row.excused.update(name for names in row.wanted.values() for name in names)
    return row


def _read_keys(row: EntityRow, contract: Contract) -> None:
    known = {key.name: key for view in contract.stored for key in view.keys}
    for name, value in row.entities.items():
        if name not in known:
            row.faults.append(
                FieldError(
                    place=f"{row.place}entities",
                    name=cut(name),
                    got="an unknown join key",
                    kind="an unknown join key",
                    expected=f"one of: {', '.join(list(known)[:_NAMED])}",
                )
            )
            continue
        try:
            row.keys[name] = _key_value(known[name], value)
        except (WrongKey, ValueError):
            place = f"{row.place}entities.{name}"
            row.faults.append(wrong(place, value, _EXPECTED[known[name].type], feature=name))
            row.excused.add(name)


def _miss_keys(row: EntityRow, contract: Contract) -> None:
    # The entities of a view of which every feature was sent need not be known.
    needed = {key.name: key for view in contract.stored if view.name in row.wanted for key in view.keys}
    for name, key in needed.items():
        if name not in row.entities:
            place, expected = f"{row.place}entities.{name}", _EXPECTED[key.type]
            row.faults.append(FieldError(place=place, got="nothing", kind="nothing", expected=expected, feature=name))
            row.excused.add(name)


def _key_value(key: Typed, value: Any) -> KeyValue:
    """A join key in JSON as the store knows it.

    Raises:
        WrongKey, ValueError: it is none of its type, or empty.
    """
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("empty")
        if key.type == "bytes":
            try:
                value = base64.b64decode(value, validate=True)
            except binascii.Error as error:
                raise ValueError("no base64") from error
        elif key.type == "unix_timestamp":
            # A time without a zone is UTC in the store.
            value = datetime.fromtimestamp(dates.moment(value)[0], tz=UTC)
    serialised_key([key], {key.name: value})
    return value
