"""Ids of entities."""

from datetime import UTC, datetime

import pytest

from evergreen.feature_store.keys import WrongKey, entity_id, serialised_key
from evergreen.feature_store.murmur3 import murmur3
from evergreen.feature_store.views import Typed

CITY = [Typed("city", "string")]


def test_a_key_is_serialised_and_hashed_as_feast_does_it():
    assert serialised_key(CITY, {"city": "Köln"}).hex() == "0100000002000000040000006369747902000000050000004bc3b66c6e"
    assert entity_id(CITY, {"city": "Köln"}) == "17656a385e331ee81d94f20e197e8974"


@pytest.mark.parametrize(
    ("data", "hashed"),
    [
        (b"", "00000000000000000000000000000000"),
        (b"hello", "029bbd41b3a7d8cb191dae486a901e5b"),
        (b"The quick brown fox jumps over the lazy dog", "6c1b07bc7bbc4be347939ac4a93c437a"),
    ],
)
def test_the_hash_is_the_published_one(data, hashed):
    assert murmur3(data).hex() == hashed


def test_neither_the_order_of_the_keys_nor_other_columns_count():
    keys = [Typed("zip", "string"), Typed("Area", "int64")]
    row = {"zip": "78701", "Area": -2}

    assert entity_id(keys, row) == entity_id(keys[::-1], {**row, "more": 1})
    assert entity_id(keys, row) != entity_id(keys, row, version=2)


def test_a_time_may_be_given_in_seconds():
    keys = [Typed("at", "unix_timestamp")]
    moment = datetime(2026, 11, 1, 12, tzinfo=UTC)

    assert entity_id(keys, {"at": moment}) == entity_id(keys, {"at": int(moment.timestamp())})
    assert entity_id(keys, {"at": moment}) == entity_id(keys, {"at": moment.replace(tzinfo=None)})


@pytest.mark.parametrize(
    ("key", "row"),
    [
        (Typed("city", "string"), {}),
        (Typed("city", "string"), {"city": 1}),
        (Typed("city", "string"), {"city": None}),
        (Typed("city", "string"), {"city": "\ud800"}),
        (Typed("id", "int64"), {"id": "1"}),
        (Typed("id", "int64"), {"id": True}),
        (Typed("id", "int64"), {"id": 1.0}),
        (Typed("id", "int64"), {"id": 2**63}),
        (Typed("id", "int32"), {"id": 2**31}),
        (Typed("id", "bytes"), {"id": "x"}),
    ],
)
def test_a_key_that_is_missing_or_of_another_type_is_refused_by_name(key, row):
    with pytest.raises(WrongKey, match=key.name) as refused:
        entity_id([key], row)
    assert refused.value.key == key.name


def test_no_other_version_is_guessed():
    with pytest.raises(ValueError, match="not 1"):
        entity_id(CITY, {"city": "x"}, version=1)
