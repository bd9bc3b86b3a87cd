"""The reader and the writer of the online table, held against Feast itself: values, keys, and the whole way by its own
`get_online_features`. Without Feast in the environment there is nothing to hold them against.

Run under `python -O`, where Feast is imported three times as fast.
"""

from datetime import UTC, datetime, timedelta

import boto3
import mmh3
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType, types
from feast.infra.online_stores.helpers import compute_entity_id
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from feast.protos.feast.types import Value_pb2 as protos
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.type_map import feast_value_type_to_python_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from evergreen.feature_store import values as values_module
from evergreen.feature_store.keys import entity_id
from evergreen.feature_store.murmur3 import murmur3
from evergreen.feature_store.online_table import OnlineTable, item
from evergreen.feature_store.protobuf import FormatError
from evergreen.feature_store.values import decode, encode
from evergreen.feature_store.views import FEATURE_TYPES, Typed, View
from tests.feast.values_of_feast import TIMES, equal, plain_values, values


@settings(max_examples=1000, suppress_health_check=list(HealthCheck))
@given(values)
def test_every_value_is_read_as_feast_reads_it(value):
    data = value.SerializeToString(deterministic=True)
    theirs = feast_value_type_to_python_type(protos.Value.FromString(data))
    ours = decode(data)
    assert equal(ours, theirs), (ours, theirs)


def test_no_field_of_feasts_message_is_unknown():
    numbers = {field.number for field in protos.Value.DESCRIPTOR.fields}
    assert numbers == set(values_module._VALUES)


@given(st.binary(max_size=60))
@settings(max_examples=1000)
def test_bytes_that_are_no_value_are_refused_or_read_but_never_anything_else(data):
    try:
        decode(data)
    except FormatError:
        return
    protos.Value.FromString(data)  # what is read is what protobuf reads too


@given(values, st.data())
@settings(max_examples=500, suppress_health_check=list(HealthCheck))
def test_a_value_that_was_cut_off_never_passes_for_a_whole_one(value, data):
    whole = value.SerializeToString()
    cut = whole[: data.draw(st.integers(0, max(len(whole) - 1, 0)))]
    if not cut:
        return
    with pytest.raises(FormatError):
        decode(cut)


# --- Keys ---


@given(st.binary(max_size=100))
@settings(max_examples=2000)
def test_the_hash_is_that_of_mmh3(data):
    assert murmur3(data) == mmh3.hash_bytes(data), data


_KEY_VALUES = {
    "string": (st.text(), lambda value: protos.Value(string_val=value)),
    "bytes": (st.binary(), lambda value: protos.Value(bytes_val=value)),
    "int32": (st.integers(-(2**31), 2**31 - 1), lambda value: protos.Value(int32_val=value)),
    "int64": (st.integers(-(2**63), 2**63 - 1), lambda value: protos.Value(int64_val=value)),
    "unix_timestamp": (TIMES, lambda value: protos.Value(unix_timestamp_val=value)),
}


@st.composite
def entity_rows(draw):
    names = draw(st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True))
    keys = [Typed(name, draw(st.sampled_from(sorted(_KEY_VALUES)))) for name in names]
    row = {key.name: draw(_KEY_VALUES[key.type][0]) for key in keys}
    return (
        keys,
        row,
        EntityKey(join_keys=names, entity_values=[_KEY_VALUES[key.type][1](row[key.name]) for key in keys]),
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("version", [2, 3])
@given(drawn=entity_rows())
@settings(max_examples=1000)
def test_an_entity_has_the_id_that_feast_gives_it(version, drawn):
    keys, row, theirs = drawn
    expected = compute_entity_id(theirs, entity_key_serialization_version=version)
    assert entity_id(keys, row, version=version) == expected, (keys, row)
    assert entity_id(keys[::-1], {**row, "more": 1}, version=version) == expected, "neither order nor others count"


# --- The whole way, by Feast's own get_online_features, on the same table ---

_STORE_KEYS = {
    "one": [("city", ValueType.STRING, types.String, "string")],
    "number": [("id", ValueType.INT64, types.Int64, "int64")],
    "several": [
        ("zip", ValueType.STRING, types.String, "string"),
        ("Área", ValueType.INT32, types.Int32, "int32"),
        ("at", ValueType.UNIX_TIMESTAMP, types.UnixTimestamp, "unix_timestamp"),
    ],
}
_DRAWN = {
    "string": st.text(st.characters(exclude_categories=["Cs"])),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "unix_timestamp": st.integers(-(2**31), 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, tz=UTC)),
}


def _written():
    """A view of several keys with a feature of each type that a table has."""
    keys = [("zip", ValueType.STRING, types.String), ("id", ValueType.INT64, types.Int64)]
    entities = [Entity(name=f"written_{name}", join_keys=[name], value_type=kind) for name, kind, _ in keys]
    source = FileSource(name="written_source", path="data/nothing/*.parquet", timestamp_field="event_timestamp")
    fields = [
        *(Field(name=name, dtype=dtype) for name, _, dtype in keys),
        *(Field(name=f"of_{type_}", dtype=_FEATURES[type_][0]) for type_ in FEATURE_TYPES),
    ]
    return [*entities, FeatureView(name="written", entities=entities, schema=fields, source=source)]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    with mock_aws():
        made = {}
        for version in (2, 3):
            config = RepoConfig(
                project=f"parity{version}",
                provider="local",
                registry=str(folder / f"{version}.db"),
                offline_store={"type": "duckdb"},
                online_store={"type": "dynamodb", "region": "us-east-1"},
                entity_key_serialization_version=version,
            )
            store = FeatureStore(config=config)
            for name, columns in _STORE_KEYS.items():
                entities = [Entity(name=column, join_keys=[column], value_type=kind) for column, kind, *_ in columns]
                view = FeatureView(
                    name=name,
                    entities=entities,
                    ttl=timedelta(days=1),
                    source=FileSource(
                        name=f"{name}_source",
                        path="data/nothing/*.parquet",
                        timestamp_field="event_timestamp",
                    ),
                    schema=[
                        *(Field(name=column, dtype=dtype) for column, _, dtype, _ in columns),
                        Field(name="a", dtype=types.Float64),
                        Field(name="b", dtype=types.String),
                    ],
                )
                store.apply([*entities, view])
            store.apply(_written())
            made[version] = store
        yield made


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("view", sorted(_STORE_KEYS))
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_the_reader_answers_as_get_online_features(stores, version, view, data):
    store = stores[version]
    columns = _STORE_KEYS[view]
    row = st.fixed_dictionaries({column: _DRAWN[kind] for column, *_, kind in columns})
    there = data.draw(st.lists(row, min_size=1, max_size=5))
    asked = there + data.draw(st.lists(row, max_size=3)) + there[:1]
    fields = {column: kind for column, *_, kind in columns}
    written = []
    for each in there:
        key = EntityKey(
            join_keys=list(each), entity_values=[_proto(fields[name], value) for name, value in each.items()]
        )
        features = {"a": data.draw(plain_values()), "b": data.draw(plain_values())}
        moment = data.draw(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))
        written.append((key, features, moment.replace(tzinfo=UTC), None))
    store._get_provider().online_store.online_write_batch(store.config, store.get_feature_view(view), written, None)
    theirs = store.get_online_features(features=[f"{view}:a", f"{view}:b"], entity_rows=asked)
    answer = theirs.to_dict(include_event_timestamps=True)
    client = boto3.client("dynamodb", region_name="us-east-1")
    keys = [Typed(column, kind) for column, *_, kind in columns]
    ours = OnlineTable(f"parity{version}.{view}", keys, client.batch_get_item, version).read(asked, ["a", "b"])
    for at, found in enumerate(ours):
        statuses = {result.statuses[at] for result in list(theirs.proto.results)[-2:]}
        if found is None:
            assert statuses == {protos_status("NOT_FOUND")}, asked[at]
            assert answer["a"][at] is None
            continue
        assert statuses == {protos_status("PRESENT")}, asked[at]
        assert all(equal(found.values[name], answer[name][at]) for name in ("a", "b")), (found, answer)
        assert int(found.event_time.timestamp() // 1) == answer["a__ts"][at], found


def protos_status(name):
    return int(FieldStatus.Value(name))


def _proto(kind, value):
    if kind == "unix_timestamp":
        value = int(value.timestamp())
    return _KEY_VALUES[kind][1](value)


# --- What is written without Feast ---

_FEATURES = {
    "string": (types.String, st.text(), "string_val"),
    "bool": (types.Bool, st.booleans(), "bool_val"),
    "int32": (types.Int32, st.integers(-(2**31), 2**31 - 1), "int32_val"),
    "int64": (types.Int64, st.integers(-(2**63), 2**63 - 1), "int64_val"),
    "float": (types.Float32, st.floats(width=32, allow_nan=False), "float_val"),
    "double": (types.Float64, st.floats(allow_nan=False), "double_val"),
    "unix_timestamp": (types.UnixTimestamp, st.integers(-(2**31), 2**32), "unix_timestamp_val"),
}


@given(st.sampled_from(FEATURE_TYPES), st.data())
@settings(max_examples=1000)
def test_a_value_is_written_as_protobuf_writes_it(type_, data):
    _, drawn, field = _FEATURES[type_]
    value = data.draw(drawn)

    assert encode(value, type_) == protos.Value(**{field: value}).SerializeToString()
    assert encode(None, type_) == protos.Value().SerializeToString()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("version", [2, 3])
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_feast_reads_what_is_written_without_it(stores, version, data):
    view = View(
        name="written",
        keys=(Typed("zip", "string"), Typed("id", "int64")),
        features=tuple(Typed(f"of_{type_}", type_) for type_ in FEATURE_TYPES),
    )
    row = {"zip": data.draw(_DRAWN["string"]), "id": data.draw(_DRAWN["int64"])}
    sent = {f"of_{type_}": data.draw(st.none() | _FEATURES[type_][1]) for type_ in FEATURE_TYPES}
    moment = data.draw(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1))).replace(tzinfo=UTC)
    client = boto3.client("dynamodb", region_name="us-east-1")
    client.put_item(TableName=f"parity{version}.written", Item=item(view, row, sent, moment, version=version))

    read = stores[version].get_online_features(features=[f"written:{name}" for name in sent], entity_rows=[row])
    answer = read.to_dict(include_event_timestamps=True)
    for name, value in sent.items():
        if name == "of_unix_timestamp" and value is not None:
            value = datetime.fromtimestamp(value, tz=UTC)
        assert equal(answer[name][0], value), (name, answer[name], value)
        assert answer[f"{name}__ts"] == [int(moment.timestamp() // 1)]
