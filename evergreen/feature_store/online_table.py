"""Feast's online table in DynamoDB, read and written without Feast, which takes seconds to import.

    table = OnlineTable("houses_dev.city_sales", view.keys, send=dynamodb.batch_get_item)
    rows = table.read([{"city": "Austin"}, {"city": "Nowhere"}], ["sales_3", "listings"])
    rows[0].values   # {"sales_3": 412.0, "listings": None}: None is a null, and what the item does not have
    rows[1]          # None: there is no such entity

An item is {"entity_id": S, "event_ts": S, "values": M of B}, as feast/infra/online_stores/dynamodb.py has it.
"""

import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from evergreen.feature_store.keys import KeyValue, entity_id, zoned
from evergreen.feature_store.protobuf import FormatError
from evergreen.feature_store.values import WrongValue, decode, encode
from evergreen.feature_store.views import Typed, View

# What DynamoDB gives in one BatchGetItem, and in how many rounds the keys that it put off are asked for again.
KEYS_A_CALL = 100
ROUNDS = 4

# The text of an event's time sorts by time: it is in UTC, and only a fraction of a second is left out where it is 0.
# Equal ones pass: a correction has the event of what it mends.
_NOT_OLDER = "attribute_not_exists(entity_id) OR event_ts <= :event_ts"


class Unread(Exception):
    """DynamoDB put some keys off in every round."""


@dataclass(frozen=True)
class OnlineRow:
    """What the online table has of one entity.

    Attributes:
        event_time: of the whole row; Feast keeps none for each feature.
        values: of every feature that was asked for; None if it is null, or not in the item because it was added to the
            view after the item was written.
    """

    event_time: datetime
    values: dict[str, Any]


@dataclass(frozen=True)
class OnlineTable:
    """One view's table.

    Attributes:
        name: as names.online_table gives it.
        keys: the join keys of the view.
        send: calls BatchGetItem with a request, and returns its answer: boto3's method, or one that speaks DynamoDB's
            JSON, where bytes are texts in base64.
        version: of the keys, see keys.KEY_VERSIONS.
        pause: waits before round 1, 2, … of the keys that DynamoDB put off.
    """

    name: str
    keys: Sequence[Typed]
    send: Callable[..., Mapping[str, Any]]
    version: int = 3
    pause: Callable[[int], None] = lambda _: None

    def read(self, rows: Sequence[Mapping[str, KeyValue]], features: Sequence[str]) -> list[OnlineRow | None]:
        """The online row of each entity row, in their order; None where there is none. An entity is read once.

        Raises:
            WrongKey: an entity row lacks a join key, or has a value of another type there.
            Unread: DynamoDB put some keys off in every round.
            FormatError: an item is not as Feast writes it.
        """
        wanted = [entity_id(self.keys, row, version=self.version) for row in rows]
        # DynamoDB refuses a request that names a key twice.
        unique = list(dict.fromkeys(wanted))
        found: dict[str, OnlineRow] = {}
        for start in range(0, len(unique), KEYS_A_CALL):
            for item in self._items(unique[start : start + KEYS_A_CALL]):
                key, row = _read(item, features)
                found[key] = row
        return [found.get(key) for key in wanted]

    def _items(self, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """Whole items: they cost as much as some of their features, and every item then has the same layout."""
        wanted: Mapping[str, Any] = {"Keys": [{"entity_id": {"S": key}} for key in ids]}
        items: list[Mapping[str, Any]] = []
        for round_ in range(ROUNDS):
            if round_:
                self.pause(round_)
            answer = self.send(RequestItems={self.name: wanted})
            try:
                items += answer["Responses"].get(self.name, ())
                put_off = answer.get("UnprocessedKeys", {}).get(self.name)
            except (KeyError, TypeError, AttributeError) as error:
                raise FormatError("not an answer of BatchGetItem") from error
            if not put_off:
                return items
            wanted = put_off
        raise Unread(f"{self.name}: of {len(ids)} keys some were put off {ROUNDS} times")


def _read(item: Mapping[str, Any], features: Sequence[str]) -> tuple[str, OnlineRow]:
    try:
        stored = item["values"]["M"]
        values = {name: decode(_bytes(stored[name]["B"])) if name in stored else None for name in features}
        time = datetime.fromisoformat(item["event_ts"]["S"])
        return item["entity_id"]["S"], OnlineRow(zoned(time), values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"not an item of Feast's online table: {type(error).__name__}") from error


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else binascii.a2b_base64(content, strict_mode=True)


def item(
    view: View, key_row: Mapping[str, KeyValue], values: Mapping[str, Any], event_time: datetime, *, version: int = 3
) -> dict[str, Any]:
    """An entity's item as Feast writes it, for boto3: bytes are bytes.

    Args:
        values: of features of the view; the item has none of the others, and they are read as nulls.
        event_time: a time without a zone is UTC.

    Raises:
        WrongKey: the key row lacks a join key, or has a value of another type there.
        WrongValue: a value is none of its feature's type, or the view has no such feature.
    """
    types = {feature.name: feature.type for feature in view.features}
    encoded: dict[str, Any] = {}
    for name, value in values.items():
        if name not in types:
            raise WrongValue(f"{name}: the view {view.name} has no such feature")
        try:
            encoded[name] = {"B": encode(value, types[name])}
        except WrongValue as error:
            raise WrongValue(f"{name}: {error}") from error
    time = zoned(event_time).astimezone(UTC)
    return {
        "entity_id": {"S": entity_id(view.keys, key_row, version=version)},
        "event_ts": {"S": str(time)},
        "values": {"M": encoded},
    }


def put_if_not_older(table: str, written: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of PutItem that write an item unless the table has a newer value of the entity.

    DynamoDB answers ConditionalCheckFailedException if it has one, and that is no failure. Of two values of the same
    time, the one that is written later stays.
    """
    return {
        "TableName": table,
        "Item": dict(written),
        "ConditionExpression": _NOT_OLDER,
        "ExpressionAttributeValues": {":event_ts": written["event_ts"]},
    }
