"""What a check finds of the one before, and what two at once, or half of one, leave behind."""

import json
import threading
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from evergreen.monitoring.drift.report import EvidentlyMeasure
from functions.check_drift import drift
from functions.check_drift.result import DRIFT, OK
from tests.integration.functions.check_drift.checking import (
    BUCKET,
    CONTEXT,
    END,
    NOON,
    ROWS,
    START,
    houses,
    records,
    rows_of,
)
from tests.integration.functions.check_drift.deployed import EVENT, LATEST, spied_on

pytestmark = pytest.mark.usefixtures("in_short")


def test_a_check_takes_up_where_the_last_one_ended(stack, captures):
    stack.promote()
    captures.put_records(records(ROWS))
    stack.check()
    earlier = {**json.loads(stack.stored(LATEST)), "since": "2026-01-01T00:00:00+00:00", "recent_rows": [7, 8]}
    stack.client.put_object(Bucket=BUCKET, Key=LATEST, Body=json.dumps(earlier))

    answer = stack.check()

    assert answer["since"] == "2026-01-01T00:00:00+00:00"
    assert answer["recent_rows"] == [7, 8, 400]


def test_a_check_that_is_cut_off_leaves_the_result_of_the_one_before_and_the_next_one_succeeds(
    stack, captures, monkeypatch
):
    stack.promote()
    captures.put_records(records(ROWS))
    stack.check()
    before = stack.stored(LATEST)
    captures.put_records(records(rows_of([{**item, "area": 1000.0} for item in houses(1000, seed=2)], first=1000)))

    def fail(key: str) -> None:
        if key == LATEST:
            raise ConnectionError("cut off")

    with monkeypatch.context() as broken:
        spied_on(stack, broken, before_put=fail)
        with pytest.raises(ConnectionError):
            stack.check()
    assert stack.stored(LATEST) == before

    answer = stack.check()

    assert answer["status"] == DRIFT
    assert json.loads(stack.stored(LATEST)) == answer
    # The one that was cut off counts for nothing.
    assert answer["recent_rows"] == [400, 1400]


@pytest.mark.parametrize("key", ["report.html", "result.json"])
def test_a_check_that_cannot_store_anything_fails_so_that_it_is_tried_again(stack, captures, monkeypatch, key):
    stack.promote()
    captures.put_records(records(ROWS))

    def fail(written: str) -> None:
        if written.endswith(key):
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

    spied_on(stack, monkeypatch, before_put=fail)

    with pytest.raises(ClientError):
        stack.check()
    assert LATEST not in stack.written()


def test_a_check_within_a_check_disturbs_neither(stack, captures, monkeypatch):
    """The second one runs whole, just before the first one writes."""
    stack.promote()
    captures.put_records(records(ROWS[:300]))
    inner = []

    def check_once_more(_key: str) -> None:
        if not inner:
            inner.append(None)
            inner[0] = json.loads(json.dumps(stack.module.handler(EVENT, CONTEXT)))

    spied_on(stack, monkeypatch, before_put=check_once_more)

    outer = stack.check()

    assert outer["report"] != inner[0]["report"]
    for answer in (outer, inner[0]):
        folder = answer["report"].removeprefix(f"s3://{BUCKET}/").removesuffix("report.html")
        assert json.loads(stack.stored(f"{folder}result.json")) == answer
    assert json.loads(stack.stored(LATEST)) == outer


def test_two_checks_at_once_disturb_neither(stack, captures, monkeypatch):
    """In two threads, each with a window of its own, Evidently included."""
    monkeypatch.setattr(drift, "EvidentlyMeasure", EvidentlyMeasure)
    # Metrics are the process's; on Lambda a process makes one check at a time.
    monkeypatch.setattr(stack.module, "_count", lambda _result: None)
    stack.promote()
    yesterday = NOON - timedelta(days=2)
    captures.put_records(records(ROWS))
    drifted = rows_of([{**item, "area": 1000.0} for item in houses(300, seed=2)], at=yesterday)
    captures.put_records(records(drifted, at=yesterday), day=yesterday)
    events = [EVENT, {"start": (START - timedelta(days=2)).isoformat(), "end": (END - timedelta(days=2)).isoformat()}]
    alone = [stack.check(event) for event in events]
    together: dict[int, dict] = {}
    start = threading.Barrier(2)

    def run(number: int) -> None:
        start.wait()
        together[number] = json.loads(json.dumps(stack.module.handler(events[number], CONTEXT)))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for number in range(2):
        for part in ("status", "reason", "rows", "share", "features", "prediction", "quality", "notes"):
            assert together[number][part] == alone[number][part], part
        key = together[number]["report"].removeprefix(f"s3://{BUCKET}/")
        assert (b"Data drift detected" in stack.stored(key)) == (number == 1)
    assert json.loads(stack.stored(LATEST)) in together.values()
    assert {answer["status"] for answer in together.values()} == {OK, DRIFT}
