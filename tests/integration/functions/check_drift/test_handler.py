"""The function of the check: what it stores, counts and answers, and what two of them, or half of one, leave behind."""

import importlib
import json
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from evergreen import names
from evergreen.monitoring.drift.report import EvidentlyMeasure
from functions import model_store
from functions.check_drift import check
from functions.check_drift.result import BROKEN_INPUT, DRIFT, INSUFFICIENT_DATA, OK
from tests.integration.functions.check_drift.checking import (
    BUCKET,
    CONTEXT,
    END,
    NAME,
    NOON,
    START,
    bundle_files,
    champion,
    feedback,
    houses,
    price,
    records,
    rows_of,
)

pytestmark = pytest.mark.usefixtures("in_short")

LATEST = "checks/houses/latest.json"
EVENT = {"start": START.isoformat(), "end": END.isoformat()}
ROWS = rows_of(houses(400, seed=1))
DRIFTED = rows_of([{**item, "area": 1000.0} for item in houses(400, seed=1)])


class Stack:
    """The buckets of a stack, its function, and what that printed."""

    def __init__(self, client, module, capsys) -> None:
        self.client = client
        self.module = module
        self._capsys = capsys
        self.metrics: list[dict] = []

    def promote(self, **bundle) -> None:
        pointed = champion()
        for name, content in bundle_files(**bundle).items():
            self.client.put_object(Bucket=BUCKET, Key=f"{pointed.bundle}{name}", Body=content)
        self.client.put_object(Bucket=BUCKET, Key=names.champion_key(NAME), Body=pointed.to_json())

    def check(self, event: dict | None = None) -> dict:
        self._capsys.readouterr()
        # Powertools keeps the stream of the first test, which pytest has closed since.
        self.module.logger.registered_handler.stream = sys.stdout
        answer = self.module.handler(EVENT if event is None else event, CONTEXT)
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        self.metrics = [line for line in lines if "_aws" in line]
        # As Lambda hands it on.
        return json.loads(json.dumps(answer))

    def values(self) -> dict[str, float]:
        """Of the metrics without a dimension of their own."""
        return {
            metric["Name"]: line[metric["Name"]][0] if isinstance(line[metric["Name"]], list) else line[metric["Name"]]
            for line in self.metrics
            if "feature" not in line
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }

    def by_feature(self) -> dict[str, float]:
        found = {}
        for line in self.metrics:
            if "feature" in line:
                (value,) = line[names.FEATURE_DRIFT]
                found[line["feature"]] = value
        return found

    def stored(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def written(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=names.CHECKS_PREFIX).get("Contents", [])
        return [item["Key"] for item in found]


@pytest.fixture
def stack(s3, captures, monkeypatch, capsys):  # noqa: ARG001 - of the same bucket
    for name, value in {
        names.MODEL_BUCKET: BUCKET,
        names.MODEL_NAME: NAME,
        names.CAPTURE_BUCKET: BUCKET,
        names.PACKAGES_BUCKET: BUCKET,
        names.PACKAGES_KEY: "packages.zip",
        names.WINDOW_HOURS: "24",
        "POWERTOOLS_SERVICE_NAME": names.MONITORING_SERVICE,
        "POWERTOOLS_METRICS_NAMESPACE": names.metric_namespace("dev"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(names.LOG_LEAVE_OUT, raising=False)
    module = importlib.reload(importlib.import_module("functions.check_drift.handler"))
    # They are installed here.
    monkeypatch.setattr(module, "add_packages", lambda *_, **__: None)
    model_store.model_store.cache_clear()
    yield Stack(s3, module, capsys)
    model_store.model_store.cache_clear()


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


# Metrics.


def test_drift_and_quality_become_metrics(stack, captures):
    stack.promote()
    captures.put_records(records(DRIFTED))
    captures.put_feedback(feedback({item["prediction_id"]: price(item["features"]) + 40 for item in DRIFTED[:150]}))

    answer = stack.check()

    values = stack.values()
    assert values.pop(names.MODEL_AGE_DAYS) == answer["model_age_days"] > 0
    assert values.pop(names.CAPTURE_LAG_SECONDS) == answer["capture_lag_seconds"]
    assert values.pop(names.DRIFT_SHARE) == pytest.approx(1 / 3)
    assert values.pop(names.LIVE_METRIC) == pytest.approx(40)
    assert values.pop(names.PROMISED_METRIC) == pytest.approx(10)
    assert values == {
        names.CAPTURED_ROWS: 400,
        names.BROKEN_INPUT: 0,
        names.DRIFT_DETECTED: 1,
        names.QUALITY_FELL: 1,
        names.LABELS: 150,
    }


def test_each_feature_has_its_distance_as_a_metric_of_its_own(stack, captures):
    stack.promote()
    captures.put_records(records(DRIFTED))

    answer = stack.check()

    assert stack.by_feature() == {feature["name"]: feature["distance"] for feature in answer["features"]}
    # All 400 have the largest area, which hardly any of the holdout has.
    assert stack.by_feature()["area"] > 0.9
    for line in stack.metrics:
        (metrics,) = line["_aws"]["CloudWatchMetrics"]
        assert metrics["Namespace"] == "Evergreen/dev"
        assert line["service"] == names.MONITORING_SERVICE
        (dimensions,) = metrics["Dimensions"]
        assert set(dimensions) == ({"service", "feature"} if "feature" in line else {"service"})


def test_what_a_check_cannot_tell_is_no_metric(stack, captures):
    """An alarm then keeps its state; a zero would end it."""
    stack.promote()
    captures.put_records(records(ROWS[:199]))

    assert stack.check()["status"] == INSUFFICIENT_DATA

    assert set(stack.values()) == {
        names.CAPTURED_ROWS,
        names.BROKEN_INPUT,
        names.MODEL_AGE_DAYS,
        names.CAPTURE_LAG_SECONDS,
    }
    assert stack.by_feature() == {}


def test_a_check_without_drift_ends_the_alarm(stack, captures):
    stack.promote()
    captures.put_records(records(ROWS))

    assert stack.check()["status"] == OK

    assert stack.values()[names.DRIFT_DETECTED] == 0
    assert stack.values()[names.DRIFT_SHARE] == 0


def test_broken_input_does_not_hide_drift_from_its_alarm(stack, captures):
    stack.promote()
    captures.put_records(records(DRIFTED))
    captures.put(b"?")

    assert stack.check()["status"] == BROKEN_INPUT

    assert stack.values()[names.BROKEN_INPUT] == 1
    assert stack.values()[names.DRIFT_DETECTED] == 1


# From one check to the next.


def test_a_check_takes_up_where_the_last_one_ended(stack, captures):
    stack.promote()
    captures.put_records(records(ROWS))
    stack.check()
    earlier = {**json.loads(stack.stored(LATEST)), "since": "2026-01-01T00:00:00+00:00", "recent_rows": [7, 8]}
    stack.client.put_object(Bucket=BUCKET, Key=LATEST, Body=json.dumps(earlier))

    answer = stack.check()

    assert answer["since"] == "2026-01-01T00:00:00+00:00"
    assert answer["recent_rows"] == [7, 8, 400]


def spied_on(stack, monkeypatch, *, before_put):
    """Has something done before each object that the function writes."""

    class Spy:
        def __getattr__(self, name):
            return getattr(stack.client, name)

        def put_object(self, **arguments):
            before_put(arguments["Key"])
            return stack.client.put_object(**arguments)

    monkeypatch.setattr(stack.module, "_s3", Spy)


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
    monkeypatch.setattr(check, "EvidentlyMeasure", EvidentlyMeasure)
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
