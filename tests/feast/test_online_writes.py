import asyncio
import random

import boto3
import pandas as pd
import pytest
from feast.data_source import PushMode
from moto import mock_aws

from evergreen import names
from evergreen.errors import InvalidFeatures
from tests.feast.folders import moment, service, source, view, write_definitions
from training.feature_store import definitions, online_writes
from training.feature_store.description import describe
from training.feature_store.store import objects_of, open_store

PROJECT = "houses_dev"
TABLE = names.online_table(PROJECT, "market")


@pytest.fixture
def dynamodb():
    with mock_aws():
        yield boto3.client("dynamodb")


def make_table(dynamodb, name=TABLE):
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "entity_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "entity_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def unapplied(tmp_path):
    pushed = f"PushSource(name='fresh', batch_source={source()})"
    folder = write_definitions(
        tmp_path / "features", view(schema="sales:Int64 price:Float64", of=pushed), service("market")
    )
    defined = definitions.read(folder)
    store = open_store(
        project=PROJECT, registry=tmp_path / "registry.db", key_version=3, online=online_writes.settings(), batch=10
    )
    return store, objects_of(defined, describe(defined, "all"))


@pytest.fixture
def store(dynamodb, tmp_path):
    make_table(dynamodb)
    store, objects = unapplied(tmp_path)
    store.apply([*objects])
    return store


def rows(*given, created="2026-10-01"):
    frame = pd.DataFrame(given, columns=["city", "event_timestamp", "sales"])
    events = pd.to_datetime(frame["event_timestamp"], utc=True, format="ISO8601")
    return frame.assign(event_timestamp=events, created=moment(created), price=1.5)


def online(store, *cities):
    found = store.get_online_features(features=["market:sales"], entity_rows=[{"city": city} for city in cities])
    return found.to_dict()["sales"]


def tally(store):
    writer = store._get_provider().online_store
    return writer.written, writer.refused


def test_an_older_value_never_takes_the_place_of_a_newer_one(store):
    store.write_to_online_store("market", rows(("A", "2026-10-01", 9), ("B", "2026-09-01", 1)))
    store.write_to_online_store(
        "market", rows(("A", "2026-09-30 23:59:59.999999", 14), ("B", "2026-09-01 00:00:01", 2))
    )

    assert online(store, "A", "B", "C") == [9, 2, None]
    assert tally(store) == (3, 1)


def test_a_correction_of_the_same_event_is_written(store):
    store.write_to_online_store("market", rows(("A", "2026-10-01", 9)))
    store.write_to_online_store("market", rows(("A", "2026-10-01", 10)))

    assert online(store, "A") == [10]


def test_times_of_another_zone_are_compared_by_the_moment(store):
    store.write_to_online_store("market", rows(("A", "2026-10-01 12:00:00Z", 9)))
    later = rows(("A", "2026-10-01 12:30:00Z", 10))
    later["event_timestamp"] = later["event_timestamp"].dt.tz_convert("America/Chicago")
    store.write_to_online_store("market", later)

    assert online(store, "A") == [10]


def test_pushes_are_guarded_too(store):
    store.push("fresh", rows(("A", "2026-10-01", 9)), to=PushMode.ONLINE)
    store.push("fresh", rows(("A", "2026-09-01", 14)), to=PushMode.ONLINE)

    assert online(store, "A") == [9]


def test_pushes_without_waiting_are_guarded_too(store):
    store.push("fresh", rows(("A", "2026-10-01", 9)), to=PushMode.ONLINE)
    asyncio.run(store.push_async("fresh", rows(("A", "2026-09-01", 14)), to=PushMode.ONLINE))

    assert online(store, "A") == [9]


def test_of_the_rows_of_one_push_the_newest_counts_in_any_order(store):
    given = [("A", f"2026-09-{day:02}", day) for day in range(1, 25)]
    random.Random(0).shuffle(given)
    corrections = [
        rows(given[0], created=f"2026-11-{day:02}").assign(sales=-day, event_timestamp=moment("2026-09-30"))
        for day in (2, 3, 1)
    ]

    store.push("fresh", pd.concat([rows(*given), *corrections]), to=PushMode.ONLINE)

    assert online(store, "A") == [-3]
    assert tally(store) == (1, 0)


def test_many_rows_are_all_written_and_read_back(store):
    store.write_to_online_store("market", rows(*((f"city-{n}", "2026-10-01", n) for n in range(300))))

    assert online(store, *(f"city-{n}" for n in range(300))) == list(range(300))


def test_missing_tables_are_named_and_none_is_made(dynamodb, tmp_path):
    store, objects = unapplied(tmp_path)

    with pytest.raises(InvalidFeatures, match=f"no table '{TABLE}': run cdk deploy"):
        store.apply([*objects])

    assert dynamodb.list_tables()["TableNames"] == []


def test_a_table_that_is_gone_is_named_by_a_write(store, dynamodb):
    dynamodb.delete_table(TableName=TABLE)

    with pytest.raises(InvalidFeatures, match=f"no table '{TABLE}': run cdk deploy"):
        store.write_to_online_store("market", rows(("A", "2026-10-01", 9)))


def test_a_view_that_is_no_longer_defined_keeps_its_table(store, dynamodb):
    store.apply([], objects_to_delete=[store.get_feature_view("market")], partial=False)

    assert dynamodb.list_tables()["TableNames"] == [TABLE]


def test_the_stacks_tables_cannot_be_torn_down(store, dynamodb):
    with pytest.raises(InvalidFeatures, match="belong to the stack"):
        store.teardown()

    assert dynamodb.list_tables()["TableNames"] == [TABLE]


def test_tags_of_the_stack_stay_on_the_table(store, dynamodb, tmp_path):
    arn = dynamodb.describe_table(TableName=TABLE)["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "stack"}])

    store.apply([*unapplied(tmp_path)[1]])

    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "stack"}]
