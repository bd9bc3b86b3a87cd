"""Every value that Feast's protobuf message can have, made by protobuf itself, and when two values are the same."""

import json
import math
from datetime import datetime

from feast.protos.feast.types import Value_pb2 as protos
from hypothesis import strategies as st


def same(ours, theirs):
    """Equal in value and type; NaN equals NaN, and 0.0 is not -0.0."""
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, float):
        return (math.isnan(ours) and math.isnan(theirs)) or (
            ours == theirs and math.copysign(1, ours) == math.copysign(1, theirs)
        )
    if isinstance(ours, datetime):
        return ours == theirs and ours.utcoffset() == theirs.utcoffset()
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict):
        return [*map(repr, ours)] == [*map(repr, theirs)] and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, set):
        return sorted(map(repr, ours)) == sorted(map(repr, theirs))
    return bool(ours == theirs)


TIMES = st.integers(-(2**31), 2**32) | st.just(-(2**63))
_UUIDS = st.uuids().map(str)
_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False).map(str)
_JSON = (
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)).map(
        json.dumps
    )
    | st.text()
)
_SCALARS: dict = {
    "bytes_val": st.binary(max_size=300),
    "string_val": st.text(),
    "int32_val": st.integers(-(2**31), 2**31 - 1),
    "int64_val": st.integers(-(2**63), 2**63 - 1),
    "double_val": st.floats(),
    "float_val": st.floats(width=32),
    "bool_val": st.booleans(),
    "unix_timestamp_val": TIMES,
    "json_val": _JSON,
    "uuid_val": _UUIDS,
    "time_uuid_val": _UUIDS,
    "decimal_val": _DECIMALS,
}
_PLURAL = {
    "bytes": "Bytes",
    "string": "String",
    "int32": "Int32",
    "int64": "Int64",
    "double": "Double",
    "float": "Float",
    "bool": "Bool",
}
_MESSAGES = {
    **{
        f"{name}_{kind}_val": getattr(protos, message + kind.title())
        for name, message in _PLURAL.items()
        for kind in ("list", "set")
    },
    **{f"unix_timestamp_{kind}_val": getattr(protos, f"Int64{kind.title()}") for kind in ("list", "set")},
    **{
        f"{name}_{kind}_val": getattr(protos, f"String{kind.title()}")
        for name in ("uuid", "time_uuid", "decimal")
        for kind in ("list", "set")
    },
    "json_list_val": protos.StringList,
}


def _element(field):
    return _SCALARS[field.replace("_list_val", "_val").replace("_set_val", "_val")]


def plain_values():
    singles = [
        strategy.map(lambda value, field=field: protos.Value(**{field: value})) for field, strategy in _SCALARS.items()
    ]
    several = [
        st.lists(_element(field), max_size=20).map(
            lambda values, field=field, message=message: protos.Value(**{field: message(val=values)})
        )
        for field, message in _MESSAGES.items()
    ]
    zoned = st.builds(
        lambda seconds, zone: protos.Value(
            zoned_timestamp_val=protos.ZonedTimestamp(unix_timestamp=seconds, zone=zone)
        ),
        TIMES,
        st.sampled_from(["", "UTC", "America/Chicago", "UTC+05:30", "UTC-07:00", "+05:30", "Nowhere/None"]),
    )
    return st.one_of(st.just(protos.Value()), zoned, *singles, *several)


def nested(inner):
    maps = st.dictionaries(st.text(), inner, max_size=4).map(lambda entries: protos.Map(val=entries))
    keys = st.one_of(
        st.builds(lambda value: protos.MapKey(int32_key=value), st.integers(-(2**31), 2**31 - 1)),
        st.builds(lambda value: protos.MapKey(int64_key=value), st.integers(-(2**63), 2**63 - 1)),
        st.builds(lambda value: protos.MapKey(float_key=value), st.floats(width=32, allow_nan=False)),
        st.builds(lambda value: protos.MapKey(double_key=value), st.floats(allow_nan=False)),
        st.builds(lambda value: protos.MapKey(bool_key=value), st.booleans()),
        st.builds(lambda value: protos.MapKey(unix_timestamp_key=value), TIMES),
        st.builds(lambda value: protos.MapKey(bytes_key=value), st.binary()),
        st.builds(lambda value: protos.MapKey(uuid_key=value), _UUIDS),
        st.builds(lambda value: protos.MapKey(time_uuid_key=value), _UUIDS),
        st.builds(lambda value: protos.MapKey(decimal_key=value), _DECIMALS),
    )
    entries = st.builds(lambda key, value: protos.ScalarMapEntry(key=key, value=value), keys, inner)
    repeated = st.lists(inner, max_size=4).map(lambda values: protos.RepeatedValue(val=values))
    return st.one_of(
        maps.map(lambda value: protos.Value(map_val=value)),
        maps.map(lambda value: protos.Value(struct_val=value)),
        st.lists(maps, max_size=3).map(lambda values: protos.Value(map_list_val=protos.MapList(val=values))),
        st.lists(maps, max_size=3).map(lambda values: protos.Value(struct_list_val=protos.MapList(val=values))),
        repeated.map(lambda value: protos.Value(list_val=value)),
        repeated.map(lambda value: protos.Value(set_val=value)),
        st.lists(entries, max_size=4).map(lambda values: protos.Value(scalar_map_val=protos.ScalarMap(val=values))),
    )


values = st.recursive(plain_values(), nested, max_leaves=8)


def equal(ours, theirs):
    """Like `same`; protobuf forgets the order of a map."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        by_text = {repr(key): value for key, value in theirs.items()}
        return len(ours) == len(theirs) and all(
            repr(key) in by_text and equal(value, by_text[repr(key)]) for key, value in ours.items()
        )
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(equal, ours, theirs))
    return same(ours, theirs)
