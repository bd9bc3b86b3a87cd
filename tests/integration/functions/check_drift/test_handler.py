"""The function of the check: what it stores and answers, and which rows it looks at."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from evergreen import names
from functions.check_drift.result import DRIFT, INSUFFICIENT_DATA
from tests.integration.functions.check_drift.checking import BUCKET, NAME, ROWS, houses, records, rows_of
from tests.integration.functions.check_drift.deployed import DRIFTED, LATEST, spied_on

pytestmark = pytest.mark.usefixtures("in_short")


def test_a_check_stores_its_result_and_its_report(stack, captures):
    stack.promote()
    captures.put_records(records(DRIFTED))

    answer = stack.check()

    assert answer["status"] == DRIFT
    folder = answer["report"].removeprefix(f"s3://{BUCKET}/").removesuffix("report.html")
    assert folder.startswith(f"checks/{NAME}/{datetime.now(UTC):%Y/%m/%d}/")
    assert sorted(stack.written()) == sorted([f"{folder}report.html", f"{folder}result.json", LATEST])
    assert stack.stored(f"{folder}report.html") == b"a report"
    assert json.loads(stack.stored(LATEST)) == json.loads(stack.stored(f"{folder}result.json")) == answer


def test_the_report_can_be_opened_in_a_browser(stack, captures):
    stack.promote()
    captures.put_records(records(ROWS))

    key = stack.check()["report"].removeprefix(f"s3://{BUCKET}/")

    assert stack.client.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "text/html; charset=utf-8"
    assert stack.client.head_object(Bucket=BUCKET, Key=LATEST)["ContentType"] == "application/json"


def test_what_others_find_by_its_name_is_written_last(stack, captures, monkeypatch):
    stack.promote()
    captures.put_records(records(ROWS))
    written = []
    spied_on(stack, monkeypatch, before_put=lambda key: written.append(key.rsplit("/")[-1]))

    stack.check()

    assert written == ["report.html", "result.json", "latest.json"]


def test_before_the_first_promotion_there_is_nothing_to_check(stack, captures):
    captures.put_records(records(ROWS))

    answer = stack.check()

    assert answer["status"] == INSUFFICIENT_DATA
    assert "no version of houses has been promoted yet" in answer["reason"]
    assert "evergreen train" in answer["reason"]
    assert stack.written() == []
    assert stack.values() == {names.CAPTURED_ROWS: 0, names.BROKEN_INPUT: 0}


def test_without_a_window_the_last_hours_are_checked_but_for_what_is_still_on_its_way(stack, captures):
    """Ten minutes are left to Firehose."""
    stack.promote()
    now = datetime.now(UTC)
    for number, minutes in enumerate((5, 15, 24 * 60 + 5, 24 * 60 + 15)):
        moment = now - timedelta(minutes=minutes)
        captures.put_records(records(rows_of(houses(1, seed=1), at=moment, first=number), at=moment), day=now)

    answer = stack.check({})

    assert answer["rows"] == 2
    lasted = datetime.fromisoformat(answer["end"]) - datetime.fromisoformat(answer["start"])
    assert lasted == timedelta(hours=24)
    assert (
        timedelta(minutes=10)
        <= datetime.fromisoformat(answer["checked_at"]) - datetime.fromisoformat(answer["end"])
        <= timedelta(minutes=10, seconds=1)
    )


def test_the_features_that_the_stack_does_not_log_are_not_checked(stack, captures, monkeypatch):
    monkeypatch.setenv(names.LOG_LEAVE_OUT, '["area"]')
    stack.promote()
    captures.put_records(records(ROWS))

    answer = stack.check()

    assert {feature["name"] for feature in answer["features"]} == {"city", "rooms"}
    assert "not captured, so not checked: area" in answer["notes"]
