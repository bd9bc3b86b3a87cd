import json
import sys
from datetime import timedelta

import pandas as pd
import pytest

from evergreen import names
from evergreen.errors import CommandFailed, InvalidFeatures
from tests.feast.folders import NOW, PROJECT, moment, service, source, view, write_history
from training.feature_store import materialise


def test_the_newest_row_of_each_key_goes_online(online):
    online.add(
        ("A", "2026-09-01", "2026-09-02", 1), ("A", "2026-10-01", "2026-10-02", 2),
        ("B", "2026-01-01", "2026-01-01", 3), ("A", "2026-10-01", "2026-10-03", 4),
        (None, "2026-10-01", "2026-10-03", 5),
    )  # fmt: skip

    outcome = online.run()["market"]

    assert online.read("A", "B", "C") == [4, 3, None]
    assert (outcome.rows, outcome.refused, outcome.ahead, outcome.whole) == (2, 0, 0, True)
    assert outcome.lag_seconds == (NOW - moment("2026-10-01")).total_seconds()


def test_a_second_run_with_nothing_new_asks_dynamodb_nothing(online, calls):
    online.add(("A", "2026-10-01", "2026-10-02", 2))
    online.run()
    calls.clear()

    outcome = online.run(NOW + timedelta(days=1))["market"]

    assert calls == []
    assert (outcome.rows, outcome.whole, outcome.lag_seconds) == (0, False, 32 * 86400)


def test_only_new_rows_are_written_the_next_time(online, calls):
    online.add(*((f"city-{n}", "2026-10-01", "2026-10-02", n) for n in range(50)))
    online.run()
    online.add(("city-7", "2026-10-15", "2026-10-16", -7), ("new", "2026-10-15", "2026-10-16", 1), name="b")
    calls.clear()

    outcome = online.run()["market"]

    assert online.read("city-7", "city-8", "new") == [-7, 8, 1]
    assert (outcome.rows, calls.count("PutItem")) == (2, 2)


def test_late_rows_and_corrections_go_online_though_their_events_are_old(online):
    online.add(("A", "2026-09-01", "2026-09-02", 1), ("B", "2026-10-01", "2026-10-02", 2))
    online.run()
    online.add(
        ("A", "2026-09-01", "2026-10-20", 10), ("new", "2025-01-01", "2026-10-20", 3),
        ("B", "2026-08-01", "2026-10-20", 4), name="b",
    )  # fmt: skip

    outcome = online.run()["market"]

    assert online.read("A", "B", "new") == [10, 2, 3]
    assert (outcome.rows, outcome.refused) == (2, 1)


def test_rows_added_with_a_created_of_long_ago_are_written_too(online):
    online.add(("A", "2026-09-01", "2026-09-02", 1))
    online.run()
    online.add(("old", "2026-08-01", "2026-08-02", 2), name="b")

    outcome = online.run()["market"]

    assert online.read("A", "old") == [1, 2]
    # Of that day alone.
    assert (outcome.rows, outcome.whole) == (1, False)


def test_rows_that_take_the_place_of_others_are_written_though_no_more_are_there_than_before(online):
    online.add(*((f"gone-{n}", "2026-08-01", "2026-08-02", n) for n in range(10)), ("A", "2026-09-01", "2026-09-02", 1))
    online.run()
    online.add(("A", "2026-09-01", "2026-09-02", 1), ("B", "2026-09-01", "2026-09-02", 2))

    assert (online.run()["market"].rows, online.read("A", "B")) == (2, [1, 2])
    assert online.run()["market"].rows == 0


def test_a_value_that_was_corrected_in_place_is_written(online):
    online.add(("A", "2026-09-01", "2026-09-02", 1), ("B", "2026-09-01", "2026-09-03", 2))
    online.run()
    online.add(("A", "2026-09-01", "2026-09-02", 10), ("B", "2026-09-01", "2026-09-03", 2))

    assert (online.run()["market"].rows, online.read("A", "B")) == (1, [10, 2])


def test_days_that_are_taken_out_of_the_history_have_nothing_written(online, calls):
    online.add(("A", "2026-08-01", "2026-08-02", 1), ("B", "2026-09-01", "2026-09-02", 2))
    online.run()
    online.add(("B", "2026-09-01", "2026-09-02", 2))
    calls.clear()

    assert (online.run()["market"].rows, calls) == (0, [])


@pytest.mark.parametrize(
    ("event", "created"),
    [("2026-11-01 00:06", "2026-10-01"), ("2026-10-02", "2026-11-01 00:06"), ("2026-11-02", "2026-11-02")],
)
def test_what_lies_ahead_waits_for_its_time(online, event, created):
    online.add(("A", "2026-10-01", "2026-10-01", 1), ("A", event, created, 2))
    assert (online.run()["market"].ahead, online.read("A")) == (1, [1])
    # It does not stand in the way of what comes in meanwhile.
    online.add(("B", "2026-10-03", "2026-10-31", 3), name="b")
    online.run(NOW + timedelta(seconds=30))

    later = online.run(moment("2026-11-03"))["market"]

    assert (later.ahead, online.read("A", "B")) == (0, [2, 3])


def test_clocks_may_differ_by_some_minutes(online):
    online.add(("A", "2026-11-01 00:04:59", "2026-11-01 00:04:59", 2))

    assert (online.run()["market"].rows, online.read("A")) == (1, [2])


def test_a_changed_view_is_written_whole(online):
    online.add(("A", "2026-10-01", "2026-10-02", 2))
    online.run()
    frame = pd.read_parquet(online.folder / "data" / "market" / "a.parquet").assign(price=1.5)
    write_history(online.folder / "data" / "market", frame, name="a")
    online.define(view(schema="sales:Int64 price:Float64"), service("market"))

    outcome = online.run()["market"]

    assert (outcome.whole, outcome.rows) == (True, 1)
    assert online.read("A", feature="market:price") == [1.5]


def test_a_view_keeps_its_place_while_another_changes(online):
    two = [view("streets", schema="width:Int64"), service("market", "streets")]
    online.make_table("streets")
    online.define(view(), *two)
    online.add(("A", "2026-10-01", "2026-10-02", 2))
    online.add(("A", "2026-10-01", "2026-10-02", 2), folder="streets")
    frame = pd.read_parquet(online.folder / "data" / "streets" / "a.parquet").rename(columns={"sales": "width"})
    write_history(online.folder / "data" / "streets", frame, name="a")
    online.run()
    online.define(view(more="ttl=timedelta(days=1)"), *two)

    outcomes = online.run()

    assert (outcomes["market"].rows, outcomes["streets"].rows) == (1, 0)


def test_a_run_that_is_cut_off_is_repeated(online, monkeypatch):
    online.add(*((f"city-{n}", "2026-10-01", "2026-10-02", n) for n in range(40)))
    monkeypatch.setattr(materialise, "PART", 10)
    put, puts = materialise._materialise, []

    def fails_at_the_third(*arguments):
        puts.append(arguments)
        if len(puts) == 3:
            raise CommandFailed("DynamoDB is away")
        put(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(materialise, "_materialise", fails_at_the_third)
        with pytest.raises(CommandFailed):
            online.run()
    assert not (online.work / "state.json").exists()

    assert online.run()["market"].rows == 40
    assert online.read("city-0", "city-39") == [0, 39]


def test_a_failing_store_is_told_and_leaves_the_state_as_it_was(online, monkeypatch):
    import botocore.client
    from botocore.exceptions import EndpointConnectionError

    online.add(("A", "2026-09-01", "2026-09-02", 1))
    online.run()
    before = (online.work / "state.json").read_bytes()
    online.add(("A", "2026-10-01", "2026-10-02", 2), name="b")
    call = botocore.client.BaseClient._make_api_call

    def failing(self, operation, parameters):
        if operation == "PutItem":
            raise EndpointConnectionError(endpoint_url="https://dynamodb")
        return call(self, operation, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", failing)
        with pytest.raises(CommandFailed, match=r"view 'market' is not wholly written.*run it again"):
            online.run()

    assert (online.work / "state.json").read_bytes() == before
    assert online.read("A") == [1]
    online.run()
    assert online.read("A") == [2]


def test_large_histories_are_written_in_parts(online, monkeypatch, capsys):
    monkeypatch.setattr(materialise, "PART", 30)
    online.add(*((f"city-{n % 80}", "2026-10-01", f"2026-10-{2 + n // 80:02}", n) for n in range(160)))

    outcome = online.run()["market"]

    assert outcome.rows == 80
    assert online.read(*(f"city-{n}" for n in range(80))) == list(range(80, 160))
    assert capsys.readouterr().out.splitlines()[-1] == "market: 6 of 6 parts of 160 rows are written"


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_renamed_columns_go_online_with_moments_in_any_unit(online, unit):
    online.define(view(of=source(mapping={"raw": "sales", "town": "city"})), service("market"))
    frame = pd.DataFrame({"town": ["A"], "raw": [5.0], "event_timestamp": moment("2026-10-01"), "created": NOW})
    (online.folder / "data" / "market").mkdir(parents=True)
    frame.astype(dict.fromkeys(("event_timestamp", "created"), f"datetime64[{unit}, UTC]")).to_parquet(
        online.folder / "data" / "market" / "a.parquet"
    )

    online.run()

    assert online.read("A") == [5]


def test_a_view_that_is_pushed_to_is_materialised_from_its_files(online):
    online.define(view(of=f"PushSource(name='fresh', batch_source={source()})"), service("market"))
    online.add(("A", "2026-10-01", "2026-10-02", 2))

    assert (online.run()["market"].rows, online.read("A")) == (1, [2])


def test_moments_without_a_zone_are_utc(online, monkeypatch):
    frame = pd.DataFrame(
        {"city": ["A", "B"], "event_timestamp": ["2026-10-01", "2026-11-01 00:04"], "created": ["2026-10-01"] * 2}
    )
    times = {"event_timestamp": "datetime64[us]", "created": "datetime64[us]"}
    (online.folder / "data" / "market").mkdir(parents=True)
    frame.astype(times).assign(sales=[1, 2]).to_parquet(online.folder / "data" / "market" / "a.parquet")
    monkeypatch.setenv("TZ", "America/Chicago")

    assert (online.run()["market"].rows, online.read("A", "B")) == (2, [1, 2])


def test_a_missing_table_is_named_before_anything_is_written(online):
    online.client.delete_table(TableName=names.online_table(PROJECT, "market"))
    online.add(("A", "2026-10-01", "2026-10-02", 2))

    with pytest.raises(InvalidFeatures, match="no table 'houses_dev.market': run cdk deploy"):
        online.run()

    assert not online.work.exists()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"applied": "", "views": {"market": {}}}'])
def test_an_unreadable_state_means_that_everything_is_written(online, text):
    online.add(("A", "2026-10-01", "2026-10-02", 2))
    online.run()
    (online.work / "state.json").write_text(text)

    assert online.run()["market"].whole
    assert json.loads((online.work / "state.json").read_text())["views"]["market"]["rows"] == 1


def test_the_program_writes_what_it_did(online, monkeypatch, capsys):
    online.add(("A", "2026-10-01", "2026-10-02", 2), ("A", "2126-10-01", "2126-10-02", 2))
    paths = {name: online.work / f"{name}.file" for name in ("state", "registry", "result")}
    arguments = [text for name, path in paths.items() for text in (f"--{name}", str(path))]
    command = ["materialise", "--definitions", str(online.folder), "--service", "all", "--project", PROJECT, *arguments]
    monkeypatch.setattr(sys, "argv", command)

    materialise.main()

    outcome = json.loads(paths["result"].read_text())["views"]["market"]
    assert {name: outcome[name] for name in ("rows", "refused", "ahead", "whole")} == {
        "rows": 1, "refused": 0, "ahead": 1, "whole": True,
    }  # fmt: skip
    assert outcome["lag_seconds"] > 0
    assert capsys.readouterr().out.splitlines()[-1] == "market: 1 rows written, 0 older ones refused, 1 ahead"
    assert all(path.exists() for path in paths.values())
