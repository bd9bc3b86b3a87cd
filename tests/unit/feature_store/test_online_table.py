"""The online table: read in parts, asked again for what was put off, and written by the time of the event."""

import ast
import base64
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergreen import names
from evergreen.feature_store.online_table import OnlineTable, Unread, item, put_if_not_older
from evergreen.feature_store.protobuf import FormatError
from evergreen.feature_store.values import WrongValue
from evergreen.feature_store.views import Typed, View

CITY = (Typed("city", "string"),)
VIEW = View(name="sales", keys=CITY, features=(Typed("a", "int64"), Typed("b", "double")))
EVENT = datetime(2026, 11, 1, 12, 34, 56, tzinfo=UTC)
ITEM = {"entity_id": {"S": "x"}, "event_ts": {"S": str(EVENT)}, "values": {"M": {"a": {"B": "IAE="}}}}


def answered(*items, name="t"):
    return lambda **_: {"Responses": {name: list(items)}}


def test_keys_that_are_put_off_are_asked_for_again_and_a_key_is_asked_for_once():
    asked, pauses = [], []

    def send(RequestItems):
        keys = RequestItems["t"]["Keys"]
        asked.append(len(keys))
        rest = keys[40:]
        return {
            "Responses": {"t": [{**ITEM, "entity_id": key["entity_id"]} for key in keys[:40]]},
            "UnprocessedKeys": {"t": {"Keys": rest}} if rest else {},
        }

    rows = [{"city": f"c{number % 130}"} for number in range(260)]
    read = OnlineTable("t", CITY, send, pause=pauses.append).read(rows, ["a", "b"])

    assert asked == [100, 60, 20, 30]
    assert pauses == [1, 2]
    assert [row.values for row in read] == [{"a": 1, "b": None}] * 260


def test_keys_that_are_put_off_for_ever_are_an_error_and_not_missing():
    def send(RequestItems):
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    with pytest.raises(Unread, match="of 1 keys some were put off 4 times"):
        OnlineTable("t", CITY, send).read([{"city": "Austin"}], ["a"])


@pytest.mark.parametrize("answer", [{}, {"Responses": []}, {"Responses": {}, "UnprocessedKeys": None}])
def test_an_answer_of_another_form_is_refused(answer):
    with pytest.raises(FormatError):
        OnlineTable("t", CITY, lambda **_: answer).read([{"city": "Austin"}], ["a"])


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"values": {"M": {}}},
        {**ITEM, "event_ts": {"S": "yesterday"}},
        {**ITEM, "values": {"M": {"a": {"S": "1"}}}},
        {**ITEM, "values": {"M": {"a": {"B": "zz=="}}}},
        {**ITEM, "values": {"M": {"a": {"B": "no base64"}}}},
        {**ITEM, "values": {"M": {"a": {"B": b"\x07"}}}},
        {**ITEM, "values": []},
    ],
)
def test_an_item_of_another_format_is_refused(broken):
    with pytest.raises(FormatError):
        OnlineTable("t", CITY, answered(broken)).read([{"city": "Austin"}], ["a"])


def test_an_item_is_read_as_it_was_written_by_boto3_and_in_dynamodbs_json():
    written = item(VIEW, {"city": "Köln"}, {"a": 7, "b": 0.1}, EVENT)
    values = written["values"]["M"]
    in_json = {name: {"B": base64.b64encode(content["B"]).decode()} for name, content in values.items()}

    for form in (written, {**written, "values": {"M": in_json}}):
        (row,) = OnlineTable("t", CITY, answered(form)).read([{"city": "Köln"}], ["a", "b", "c"])
        assert row.values == {"a": 7, "b": 0.1, "c": None}
        assert row.event_time == EVENT


@given(st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), min_size=2, max_size=20))
def test_the_texts_of_events_sort_by_time_whatever_their_zone(moments):
    """The condition that protects a newer item compares these texts."""
    zones = [UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=5, minutes=30))]
    zoned = [
        moment.replace(tzinfo=zones[at % 3], microsecond=at * 500_000 % 10**6) for at, moment in enumerate(moments)
    ]
    texts = {moment: item(VIEW, {"city": "x"}, {}, moment)["event_ts"]["S"] for moment in zoned}

    assert sorted(zoned, key=texts.__getitem__) == sorted(zoned)


def test_a_write_names_the_condition_by_which_an_older_value_loses():
    written = item(VIEW, {"city": "x"}, {"a": 1}, EVENT)
    put = put_if_not_older(names.online_table("houses_dev", VIEW.name), written)

    assert put["TableName"] == "houses_dev.sales"
    assert put["Item"] == written
    assert put["ExpressionAttributeValues"] == {":event_ts": {"S": "2026-11-01 12:34:56+00:00"}}


@pytest.mark.parametrize(("values", "named"), [({"c": 1}, "c: the view sales"), ({"a": "1"}, "a: not of type int64")])
def test_a_value_that_is_not_the_views_is_not_written(values, named):
    with pytest.raises(WrongValue, match=named):
        item(VIEW, {"city": "x"}, values, EVENT)


def test_the_reader_imports_the_standard_library_alone(checkout):
    for file in (checkout / "evergreen" / "feature_store").glob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
        names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names | {"evergreen"}, file
