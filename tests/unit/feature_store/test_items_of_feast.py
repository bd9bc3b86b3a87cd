"""Items that Feast 0.67 itself has written, and what its own `get_online_features` gave for them, without Feast."""

import base64
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from evergreen.feature_store.online_table import OnlineTable, item
from evergreen.feature_store.values import WrongValue, decode, encode
from evergreen.feature_store.views import FEATURE_TYPES, Typed, View

SAVED = json.loads((Path(__file__).parent / "items_of_feast.json").read_text())
TABLES = {table["name"]: table for table in SAVED["tables"]}
EVENT = datetime(2026, 11, 1, 12, 34, 56, 789012, tzinfo=UTC)
# What the file calls the types that Feast writes as float and double.
CALLED = {"float": "float32", "double": "float64"}


def parsed(saved):
    """A value of the file; what JSON has no word for stands there under the name of its type."""
    if isinstance(saved, list):
        return [parsed(part) for part in saved]
    if not isinstance(saved, dict):
        return saved
    ((kind, content),) = saved.items()
    return {
        "bytes": lambda: base64.b64decode(content),
        "dict": lambda: {parsed(key): parsed(value) for key, value in content},
        "set": lambda: {parsed(part) for part in content},
        "datetime": lambda: datetime.fromisoformat(content),
        "UUID": lambda: UUID(content),
        "Decimal": lambda: Decimal(content),
        "float": lambda: float(content),
    }[kind]()


def same(ours, theirs):
    if isinstance(ours, float) and isinstance(theirs, float) and math.isnan(theirs):
        return math.isnan(ours)
    if isinstance(ours, list):
        return type(theirs) is list and len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict):
        return type(theirs) is dict and ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in ours)
    return type(ours) is type(theirs) and ours == theirs


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_feasts_is_read_as_feast_reads_it(name):
    table = TABLES[name]
    keys = [Typed(key, type_) for key, type_ in table["keys"].items()]
    items = [
        {
            "entity_id": {"S": entity["id"]},
            "event_ts": {"S": SAVED["event_ts"]},
            "values": {"M": {feature: {"B": content} for feature, content in entity["stored"].items()}},
        }
        for entity in table["entities"]
    ]
    online = OnlineTable(name, keys, lambda **_: {"Responses": {name: items}}, version=table["version"])
    rows = online.read([parsed(part(entity["key"])) for entity in table["entities"]], list(items[0]["values"]["M"]))

    for entity, row in zip(table["entities"], rows, strict=True):
        assert row is not None, entity["key"]
        assert row.event_time == EVENT
        for feature, theirs in entity["read"].items():
            assert same(row.values[feature], parsed(theirs)), (feature, row.values, theirs)


def part(key):
    return {"dict": list(key.items())}


@pytest.mark.parametrize("type_", FEATURE_TYPES)
def test_an_item_is_written_byte_for_byte_as_feast_writes_it(type_):
    table = TABLES[f"type_{CALLED.get(type_, type_)}"]
    view = View(name="v", keys=(Typed("k", "string"),), features=(Typed("value", type_),))

    for entity in table["entities"]:
        written = item(view, entity["key"], {"value": parsed(entity["read"]["value"])}, EVENT)
        assert written == {
            "entity_id": {"S": entity["id"]},
            "event_ts": {"S": SAVED["event_ts"]},
            "values": {"M": {"value": {"B": base64.b64decode(entity["stored"]["value"])}}},
        }


def test_what_no_column_of_a_table_has_is_read_but_not_written():
    (entity, *_) = TABLES["type_int64_list"]["entities"]

    assert decode(base64.b64decode(entity["stored"]["value"])) == entity["read"]["value"]
    with pytest.raises(WrongValue):
        encode(entity["read"]["value"], "int64")
