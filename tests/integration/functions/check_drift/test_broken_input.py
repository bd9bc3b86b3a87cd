"""A check of captured predictions: what it finds, what it leaves out, and what it says of broken input."""

import gzip
import importlib
import json
import random
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from evergreen.monitoring.drift.report import EvidentlyMeasure
from functions.check_drift import check
from functions.check_drift.capture_files import CaptureFiles
from functions.check_drift.result import BROKEN_INPUT, DRIFT, INSUFFICIENT_DATA, OK
from functions.predict.records import LogPolicy
from functions.predict.scoring import ScoredRow
from tests.integration.functions.check_drift.checking import (
    CLASSIFICATION,
    END,
    NOON,
    NOW,
    START,
    bundle_files,
    feedback,
    houses,
    lines,
    parquet,
    prediction_id,
    price,
    record,
    records,
    row,
    rows_of,
)
from tests.integration.functions.predict.serving import CONTEXT, FakeModels

pytestmark = pytest.mark.usefixtures("in_short")

ROWS = rows_of(houses(400, seed=1))


def changed(rows: list[dict], count: int, **features) -> list[dict]:
    """The rows, the first few with other features."""
    return [
        {**item, "features": {**item["features"], **features}} if number < count else item
        for number, item in enumerate(rows)
    ]


def without(rows: list[dict], feature: str, count: int) -> list[dict]:
    """The rows, the first few without a feature."""
    return [
        {**item, "features": {name: value for name, value in item["features"].items() if name != feature}}
        if number < count
        else item
        for number, item in enumerate(rows)
    ]


def drifted(result) -> dict[str, list[str]]:
    return {feature["name"]: list(feature["reasons"]) for feature in result.features if feature["reasons"]}


def truth_of(rows: list[dict], *, error: float, **changes) -> dict:
    """Feedback that each prediction was off by so much, one way or the other."""
    return feedback(
        {
            item["prediction_id"]: price(item["features"]) + (error if number % 2 else -error)
            for number, item in enumerate(rows)
        },
        **changes,
    )


def answers(rows: list[dict], probabilities: dict[str, float]) -> list[dict]:
    return [
        {**item, "prediction": max(probabilities, key=probabilities.get), "probabilities": probabilities}
        for item in rows
    ]


def classifier(metric: str) -> dict[str, bytes]:
    """A holdout whose three quarters are "no", said with 75%."""
    holdout = [
        {
            "features": item,
            "actual": "no" if number % 4 else "yes",
            "predicted": "no",
            "probabilities": [0.75, 0.25],
        }
        for number, item in enumerate(houses(600, seed=0))
    ]
    return bundle_files(contract=CLASSIFICATION, holdout=holdout, metric=metric)


def result_of_lines(captures, documents) -> dict:
    captures.put(lines(documents))
    result = without_lag(captures.result())
    captures.clear()
    return result


def without_lag(result) -> dict:
    return {name: value for name, value in asdict(result).items() if name != "capture_lag_seconds"}


# What is read.


def test_rows_like_those_of_the_holdout_are_no_drift(captures):
    captures.put_records(records(ROWS))

    result, html = captures.check()

    assert result.status == OK
    assert result.reason == "0 of 3 features have drifted (share 0.00, alarm above 0.30)"
    assert (result.rows, result.by_version, result.share, result.threshold) == (400, {"v2": 400}, 0, 0.3)
    assert (result.start, result.end) == ("2026-11-23T12:00:00+00:00", "2026-11-24T12:00:00+00:00")
    assert result.checked_at == result.since == "2026-11-24T12:10:00+00:00"
    # Promoted on the 14th.
    assert result.model_age_days == 10
    assert result.notes == []
    assert html


@pytest.mark.parametrize("form", ["lines", "gzip", "without breaks", "parquet", "a mixture"])
def test_the_form_of_the_captures_changes_nothing(captures, form):
    # As a model of a category, numbers and missing values gives them.
    documents = records(changed(ROWS, 10, area=None, city=None))
    forms = {
        "lines": lines,
        "gzip": lambda documents: gzip.compress(lines(documents)),
        "without breaks": lambda documents: lines(documents).replace(b"\n", b""),
        "parquet": parquet,
    }
    expected = result_of_lines(captures, documents)
    if form == "a mixture":
        for number, write in enumerate(forms.values()):
            captures.put(write(documents[number::4]))
    else:
        captures.put(forms[form](documents))

    result = captures.result()

    assert without_lag(result) == expected
    assert result.rows == 400


def test_a_line_that_the_predict_function_writes_is_read(captures, monkeypatch, capsys):
    """The two must agree on every name; here the function itself has written."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Evergreen/test")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "predict")
    predict = importlib.reload(importlib.import_module("functions.predict.handler"))
    monkeypatch.setattr(predict, "models", FakeModels)
    monkeypatch.setattr(predict, "log_policy", lambda: LogPolicy(1.0, frozenset()))
    predict.logger.registered_handler.stream = sys.stdout

    def call(path: str, body: dict) -> dict:
        event = {"routeKey": f"POST {path}", "body": json.dumps(body), "isBase64Encoded": False}
        return json.loads(predict.handler(event, CONTEXT)["body"])

    before = datetime.now(UTC)
    answer = call("/predict", {"instances": [{"city": "Austin", "rooms": 3}] * 2})
    ids = [prediction["prediction_id"] for prediction in answer["predictions"]]
    call("/feedback", {"labels": [{"prediction_id": id_, "actual": 31.0} for id_ in ids]})
    after = datetime.now(UTC) + timedelta(seconds=1)
    written = {
        line["message"]: line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "capture" in line
    }
    captures.put_records([written["predict"]], day=before)
    captures.put_feedback(written["feedback"], day=before)

    result = captures.result(
        start=before - timedelta(seconds=1), end=after, now=after, version="v7", not_captured=("area",)
    )

    assert result.status == INSUFFICIENT_DATA
    assert (result.rows, result.by_version) == (2, {"v7": 2})
    # The stand-in predicts ten times the rooms.
    assert [asdict(part) for part in result.slices] == [{"slice": "version v7", "live": 1.0, "labels": 2}]


def test_an_empty_window_is_too_little_data_and_no_alarm(captures):
    result, html = captures.check()

    assert result.status == INSUFFICIENT_DATA
    assert result.reason == "0 predictions in the window, 200 are needed ([drift] minimum_rows in model.toml)"
    assert (result.rows, result.share, result.features, html) == (0, None, [], b"")


@pytest.mark.parametrize(("count", "status"), [(199, INSUFFICIENT_DATA), (200, OK)])
def test_as_many_rows_as_the_rule_asks_for_are_enough(captures, count, status):
    captures.put_records(records(ROWS[:count]))

    assert captures.result().status == status


def test_a_small_holdout_is_too_little_data_as_well(captures):
    captures.put_records(records(ROWS))
    holdout = [{"features": item, "actual": 1.0, "predicted": 1.0} for item in houses(199, seed=0)]

    result = captures.result(files=bundle_files(holdout=holdout))

    assert result.status == INSUFFICIENT_DATA
    assert result.reason.startswith("199 reference rows, 200 are needed")


def test_the_season_of_the_window_picks_the_reference(captures):
    """Small houses are sold in Waco: in a window of Waco alone that is no drift, if the city is the season."""
    waco = [{**item, "city": "Waco", "area": item["area"] / 10} for item in houses(400, seed=1)]
    elsewhere = [{**item, "city": "Austin"} for item in houses(400, seed=2)]
    holdout = [
        {"features": item, "actual": price(item), "predicted": price(item)}
        for item in [*elsewhere, *({**item, "city": "Waco", "area": item["area"] / 10} for item in houses(400, seed=3))]
    ]
    captures.put_records(records(rows_of(waco)))

    assert set(drifted(captures.result(files=bundle_files(holdout=holdout)))) == {"city", "area"}
    seasonal = captures.result(files=bundle_files(holdout=holdout, drift={"season": "city"}))
    assert drifted(seasonal) == {}
    assert {feature["name"] for feature in seasonal.features} == {"rooms", "area"}


def test_a_season_that_the_holdout_hardly_has_is_too_little_data(captures):
    captures.put_records(records(rows_of([{**item, "city": "Waco"} for item in houses(400, seed=1)])))
    in_holdout = sum(item["city"] == "Waco" for item in houses(600, seed=0))
    assert 0 < in_holdout < 200

    result = captures.result(files=bundle_files(drift={"season": "city"}))

    assert result.status == INSUFFICIENT_DATA
    assert result.reason.startswith(f"{in_holdout} reference rows of the same season, 200 are needed")


def test_rows_that_were_predicted_outside_the_window_are_not_in_it(captures):
    """Whatever the day under which they arrived: a clock may have been set back."""
    moments = [
        (START - timedelta(milliseconds=1), False),
        (START, True),
        (END - timedelta(milliseconds=1), True),
        (END, False),
        (END + timedelta(days=300), False),
        (START - timedelta(days=300), False),
    ]
    for number, (moment, _) in enumerate(moments):
        rows = rows_of(houses(10, seed=number), at=moment, first=10 * number)
        captures.put_records([record(rows, at=moment)], day=NOON)

    assert captures.result().rows == 10 * sum(inside for _, inside in moments)


def test_a_record_that_arrives_after_midnight_belongs_to_the_moment_of_its_prediction(captures):
    moment = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
    captures.put_records(records(rows_of(houses(30, seed=1), at=moment), at=moment), day=moment + timedelta(minutes=2))

    assert captures.result().rows == 30


def test_the_lag_is_the_longest_time_from_a_prediction_to_s3(captures):
    """S3 dates objects itself: the window is that of the present."""
    now = datetime.now(UTC)
    for seconds in (30, 90, 60):
        moment = now - timedelta(seconds=seconds)
        captures.put_records([record(rows_of(houses(1, seed=1), at=moment, first=seconds), at=moment)], day=now)
    # Of predictions before the window a late label asks, not the lag.
    long_ago = now - timedelta(days=3)
    captures.put_records([record(rows_of(houses(1, seed=1), at=long_ago), at=long_ago)], day=now)

    result = captures.result(start=now - timedelta(hours=1), end=now, now=now)

    # S3 dates by the second.
    assert 88 <= result.capture_lag_seconds <= 120
    assert captures.result(start=now + timedelta(minutes=1), end=now, now=now).capture_lag_seconds is None


# What counts as drift.


@pytest.mark.parametrize("sign", [1, -1])
def test_rows_that_have_moved_are_drift_with_their_reasons(captures, sign):
    moved = [{**item, "area": 500 + sign * item["area"] / 2} for item in houses(400, seed=1)]
    captures.put_records(records(rows_of(moved)))

    result = captures.result()

    assert result.status == DRIFT
    assert result.reason == "1 of 3 features have drifted (share 0.33, alarm above 0.30)"
    assert list(drifted(result)) == ["area"]
    assert "median" in drifted(result)["area"][0]
    # What moved most stands first; predictions follow the area here, and count for themselves.
    assert result.features[0]["name"] == "area"
    assert result.prediction["reasons"]
    assert [feature for feature in result.features if feature["reasons"]] == [result.features[0]]


def test_a_column_of_which_nothing_comes_any_more_is_drift(captures):
    captures.put_records(records(changed(ROWS, 400, area=None)))

    assert drifted(captures.result())["area"] == ["100% of the rows are missing, 0% in the reference"]


def test_a_column_of_one_value_has_not_drifted_while_it_keeps_it(captures):
    captures.put_records(records(changed(ROWS, 400, rooms=3.0)))
    holdout = [
        {"features": {**item, "rooms": 3.0}, "actual": price(item), "predicted": price(item)}
        for item in houses(600, seed=0)
    ]

    assert captures.result(files=bundle_files(holdout=holdout)).status == OK


def test_features_that_the_rule_leaves_out_are_not_compared(captures):
    captures.put_records(records(changed(ROWS, 400, area=1000.0)))

    result = captures.result(files=bundle_files(drift={"leave_out": ["area"]}))

    assert result.status == OK
    assert {feature["name"] for feature in result.features} == {"city", "rooms"}


def test_features_that_are_not_captured_are_not_checked_and_that_is_said(captures):
    captures.put_records(records(without(ROWS, "area", 400)))

    result = captures.result(not_captured=("area",))

    assert result.status == OK
    assert {feature["name"] for feature in result.features} == {"city", "rooms"}
    assert result.notes == ["not captured, so not checked: area"]


# Versions.


def test_rows_by_another_version_count_but_its_predictions_are_not_compared(captures):
    captures.put_records(records(ROWS[:200], version="v1"))
    captures.put_records(records([{**item, "prediction": 1e6} for item in ROWS[200:]]))

    result = captures.result()

    assert (result.status, result.rows, result.by_version) == (OK, 400, {"v1": 200, "v2": 200})
    assert result.prediction is None
    captures.clear()
    captures.put_records(records(ROWS, version="v1"))
    assert captures.result().prediction is None


def test_rows_by_a_version_of_fewer_features_are_left_out_and_that_is_said(captures):
    captures.put_records(records(ROWS[:300]))
    captures.put_records(records(without(ROWS[300:], "area", 100), version="v1"))

    result = captures.result()

    assert (result.status, result.rows) == (OK, 300)
    assert result.notes == ["100 rows by other versions do not fit the contract of this one and are left out"]


def test_rows_by_a_version_that_predicted_something_else_are_left_out_and_that_is_said(captures):
    """Whoever turns a regression into a classification keeps the name of the model, perhaps."""
    captures.put_records(records(ROWS[:300]))
    captures.put_records(records([{**item, "prediction": "dear"} for item in ROWS[300:]], version="v1"))
    captures.put_feedback(truth_of(ROWS, error=10))

    result = captures.result()

    assert (result.status, result.rows) == (OK, 300)
    assert "100 rows by other versions do not fit the contract of this one and are left out" in result.notes
    assert result.quality["labels"] == 300


def test_fields_that_the_model_does_not_read_are_ignored(captures):
    captures.put_records(records(changed(ROWS, 100, pool=True, garden={"trees": 3}), version="v1"))
    captures.put_records(records([{**item, "prediction_id": f"other {i}"} for i, item in enumerate(ROWS)], extra=[1]))

    result = captures.result()

    assert (result.status, result.rows, result.notes) == (OK, 800, [])


# Broken input.


def test_a_truncated_object_is_broken_input_and_what_it_still_gives_is_checked(captures):
    captures.put_records(records(ROWS[:200]))
    whole = gzip.compress(lines(records(ROWS[200:], each=1)))
    key = captures.put(whole[: len(whole) // 2])

    result = captures.result()

    assert result.status == BROKEN_INPUT
    assert result.reason.startswith(
        "1 captured objects or lines cannot be read; of the rest, 0 of 3 features have drifted"
    )
    assert 200 < result.rows < 400
    (note,) = result.notes
    assert note.startswith(f"unreadable: {key} is broken gzip")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x00\x01\xfe\xff" * 100, "is not JSON"),
        (b"PAR1 and no more", "is broken Parquet"),
        (b"<html></html>", "is not JSON"),
        (lines([{"message": "started"}]), "holds a record of another form"),
        (lines([record(ROWS[:1], capture=2)]), "capture format 2"),
        (lines([record(ROWS[:1], message="feedback")]), "holds a record of another form"),
        (lines([{**record(ROWS[:1]), "rows": None}]), "holds a record of another form"),
        (lines([record([{"prediction": 1.0}])]), "holds a record of another form: 'prediction_id'"),
    ],
)
def test_an_object_of_something_else_is_broken_input_that_names_it(captures, content, words):
    captures.put_records(records(ROWS))
    key = captures.put(content)

    result = captures.result()

    assert (result.status, result.rows) == (BROKEN_INPUT, 400)
    assert result.reason.startswith("1 captured objects or lines cannot be read; of the rest, 0 of 3")
    (note,) = result.notes
    assert note.startswith(f"unreadable: {key} ")
    assert words in note


def test_an_empty_object_is_nothing(captures):
    captures.put_records(records(ROWS))
    captures.put(b"")
    captures.put(gzip.compress(b""))

    result = captures.result()

    assert (result.status, result.rows, result.notes) == (OK, 400, [])


def test_broken_feedback_is_broken_input_too(captures):
    captures.put_records(records(ROWS))
    key = captures.put(b"?\n", prefix="feedback/")
    captures.put_feedback({**truth_of(ROWS[:1], error=1), "labels": [{"actual": 1}, {"prediction_id": 3, "actual": 1}]})

    result = captures.result()

    assert result.status == BROKEN_INPUT
    assert result.reason.startswith("2 captured objects or lines cannot be read")
    assert result.notes[0].startswith(f"unreadable: {key} line 1 is not JSON")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows, count: without(rows, "area", count), "area: absent in {} rows"),
        (lambda rows, count: changed(rows, count, rooms="three"), "rooms: of type str in {} rows"),
        (lambda rows, count: changed(rows, count, rooms=True), "rooms: of type bool in {} rows"),
        (lambda rows, count: changed(rows, count, city=7), "city: of type int in {} rows"),
        (lambda rows, count: changed(rows, count, city=["Austin"]), "city: of type list in {} rows"),
        (lambda rows, count: changed(rows, count, area=float("inf")), "area: infinite in {} rows"),
        (lambda rows, count: changed(rows, count, area=float("-inf")), "area: infinite in {} rows"),
        (
            lambda rows, count: [{**item, "prediction": "x"} for item in rows[:count]] + rows[count:],
            "(prediction): of type str in {} rows",
        ),
    ],
)
def test_values_that_break_the_contract_are_broken_input_beyond_one_percent(captures, change, words):
    """Four of 400 rows are one percent, and noted; five are more."""
    captures.put_records(records(change(ROWS, 4)))
    few = captures.result()
    captures.clear()
    captures.put_records(records(change(ROWS, 5)))
    many = captures.result()

    assert (few.status, few.notes) == (OK, [words.format(4)])
    assert (many.status, many.notes) == (BROKEN_INPUT, [words.format(5)])
    assert many.reason.startswith("5 of 400 rows do not fit the contract; of the rest, 0 of 3 features")
    assert many.rows == 400


def test_a_field_that_callers_have_dropped_is_named_and_its_drift_too(captures):
    captures.put_records(records(without(ROWS, "area", 400)))

    result = captures.result()

    assert result.status == BROKEN_INPUT
    assert "area: absent in 400 rows" in result.notes
    assert drifted(result) == {"area": ["100% of the rows are missing, 0% in the reference"]}
    # Which an alarm of its own tells.
    assert result.share > result.threshold


def test_broken_input_outranks_drift_and_too_little_data(captures):
    captures.put(b"?")
    assert captures.result().status == BROKEN_INPUT
    assert "of the rest, 0 predictions in the window, 200 are needed" in captures.result().reason

    captures.put_records(records(changed(ROWS, 400, area=1000.0)))
    result = captures.result()
    assert result.status == BROKEN_INPUT
    assert "of the rest, 1 of 3 features have drifted" in result.reason


JUNK = (None, 0, -1.5, True, "", "junk", [], [1], {}, {"a": 1}, float("nan"), float("inf"), 1e308)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_a_record_holds_the_check_comes_to_an_end(captures, seed):
    """Any value of records and labels is replaced by any other one; what is found can be stored."""
    generator = random.Random(seed)

    def spoil(value):
        if generator.random() < 0.02:
            return generator.choice(JUNK)
        if isinstance(value, dict):
            return {name: spoil(item) for name, item in value.items() if generator.random() > 0.01}
        return [spoil(item) for item in value] if isinstance(value, list) else value

    probabilities = {"no": 0.4, "yes": 0.6}
    task = generator.choice(["regression", "classification"])
    rows = ROWS if task == "regression" else answers(ROWS, probabilities)
    documents = [spoil(document) for document in records(rows, each=2)]
    truths = [spoil(truth_of([item], error=1)) for item in ROWS[:200]]
    captures.put(lines(document for document in documents if document is not None))
    captures.put(lines(truths), prefix="feedback/")
    files = bundle_files() if task == "regression" else classifier("log_loss")

    result = captures.result(files=files)

    assert result.status == BROKEN_INPUT
    assert json.loads(result.to_json())["status"] == BROKEN_INPUT


# Labels and quality.


def test_without_labels_quality_is_not_known_and_never_guessed(captures):
    captures.put_records(records(ROWS))

    result = captures.result()

    assert result.quality is None
    assert result.quality_reason == (
        "0 of this version's predictions have a label, 100 are needed: send what really happened to POST /feedback"
    )
    assert result.slices == []


@pytest.mark.parametrize(("count", "known"), [(99, False), (100, True)])
def test_quality_is_known_from_the_least_number_of_labels_on(captures, count, known):
    captures.put_records(records(ROWS))
    captures.put_feedback(truth_of(ROWS[:count], error=10))

    result = captures.result()

    assert (result.quality is not None) == known
    assert result.quality_reason.startswith("" if known else "99 of this version's predictions have a label")


@pytest.mark.parametrize(("error", "fell"), [(10, False), (5, False), (40, True)])
def test_quality_is_held_against_the_holdout(captures, error, fell):
    """Whose predictions are off by ten."""
    captures.put_records(records(ROWS))
    captures.put_feedback(truth_of(ROWS, error=error))

    quality = captures.result().quality

    assert quality["metric"] == "mae"
    assert quality["live"] == pytest.approx(error)
    assert quality["promised"] == pytest.approx(10)
    assert (quality["labels"], quality["fell"]) == (400, fell)
    assert quality["low"] <= quality["live"] <= quality["high"]


def test_late_labels_find_their_predictions_by_the_day_in_the_id(captures):
    moment = NOW - timedelta(days=20)
    rows = rows_of(houses(120, seed=1), at=moment)
    captures.put_records(records(rows, at=moment), day=moment)
    captures.put_feedback(truth_of(rows, error=10), day=NOW)

    result = captures.result()

    # The window itself is empty.
    assert (result.status, result.rows) == (INSUFFICIENT_DATA, 0)
    assert (result.quality["labels"], result.notes) == (120, [])


def test_a_late_label_finds_a_prediction_that_arrived_after_midnight(captures):
    moment = datetime(2026, 11, 3, 23, 59, 59, tzinfo=UTC)
    rows = rows_of(houses(1, seed=1), at=moment)
    captures.put_records(records(rows, at=moment), day=moment + timedelta(minutes=1))
    captures.put_feedback(truth_of(rows, error=10), day=NOW)

    assert [asdict(part) for part in captures.result().slices] == [
        {"slice": "version v2", "live": pytest.approx(10), "labels": 1}
    ]


def test_labels_that_came_before_the_days_of_the_rule_are_not_counted(captures):
    for days, number in ((6, 0), (8, 1)):
        moment = NOW - timedelta(days=days)
        rows = rows_of(houses(1, seed=1), at=moment, first=number)
        captures.put_records(records(rows, at=moment), day=moment)
        captures.put_feedback(truth_of(rows, error=10, at=moment), day=moment)

    (part,) = captures.result(files=bundle_files(quality={"days": 7})).slices

    assert part.labels == 1


@pytest.mark.parametrize(
    "id_",
    [
        "5d8a3d4e-0b0e-4f6c-9e0a-3f6d7c1b2a90",  # no time in it
        "01a20c23-c300-7000-8000-00000000ffff",  # of the window
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",  # of the year 2022
        "ffffffff-ffff-7fff-bfff-ffffffffffff",  # of the year 10889
        "e677d21f-dbfe-7fff-bfff-ffffffffffff",  # of the last hour of the year 9999
    ],
)
def test_labels_of_unknown_predictions_are_counted_in_a_note(captures, id_):
    captures.put_records(records(ROWS))
    truth = truth_of(ROWS[:100], error=10)
    truth["labels"].append({"prediction_id": id_, "actual": 1.0})
    captures.put_feedback(truth)

    result = captures.result()

    assert result.status == OK
    assert result.notes == ["1 labels name no captured prediction"]
    assert result.quality["labels"] == 100


def test_made_up_ids_of_ten_thousand_days_cost_four_hundred_listings_at_most(captures, monkeypatch):
    ids = [prediction_id(NOW - timedelta(days=days), days) for days in range(10_000)]
    listed = []
    monkeypatch.setattr(
        CaptureFiles, "objects", lambda _self, prefix, first, _last: listed.append((prefix, first)) or iter(())
    )
    monkeypatch.setattr(check, "read_labels", lambda *_: (dict.fromkeys(ids, 1.0), 0))

    result = captures.result()

    assert result.notes == ["10,000 labels name no captured prediction"]
    days = {first.date() for prefix, first in listed if prefix == "predictions/"}
    assert len(days) == sum(prefix == "predictions/" for prefix, _ in listed) <= 402
    assert (NOW - timedelta(days=365)).date() in days


@pytest.mark.parametrize("metric", ["mae", "mape", "rmse"])
@pytest.mark.parametrize("actual", [1e308, -1e200, float("inf"), "dear", None])
def test_labels_that_no_metric_can_take_are_left_out_and_that_is_said(captures, metric, actual):
    """Feedback takes any finite number: two callers' worth of 1e308 have no mean."""
    captures.put_records(records(ROWS))
    truth = truth_of(ROWS[:102], error=10)
    for label in truth["labels"][:2]:
        label["actual"] = actual
    captures.put_feedback(truth)

    result = captures.result(files=bundle_files(metric=metric))

    assert result.quality["labels"] == 100
    assert result.notes == ["2 labels are no values of the target, or beyond 1e100, and are left out"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_labels_the_latest_holds_in_whatever_order_they_arrive(captures, order):
    captures.put_records(records(ROWS))
    early, late = NOON + timedelta(minutes=1), NOON + timedelta(minutes=1, milliseconds=1)
    told = [truth_of(ROWS[:100], error=50, at=early), truth_of(ROWS[:100], error=10, at=late)]
    for truth in told[::order]:
        captures.put_feedback(truth)

    result = captures.result()

    assert result.quality["live"] == pytest.approx(10)
    assert result.quality["labels"] == 100
    assert result.notes == ["100 predictions were given several labels; the latest holds"]


def test_a_label_that_is_told_twice_is_no_contradiction(captures):
    captures.put_records(records(ROWS))
    for _ in range(2):
        captures.put_feedback(truth_of(ROWS[:100], error=10))

    result = captures.result()

    assert (result.quality["labels"], result.notes) == (100, [])


def test_slices_give_the_metric_by_feature_and_by_version(captures):
    errors = {"Austin": 5.0, "Dallas": 20.0, "Waco": 80.0}
    mine, theirs = ROWS[:200], ROWS[200:300]
    captures.put_records(records(mine))
    captures.put_records(records(theirs, version="v1"))
    for city, error in errors.items():
        captures.put_feedback(truth_of([item for item in mine if item["features"]["city"] == city], error=error))
    captures.put_feedback(truth_of(theirs, error=40))

    result = captures.result(files=bundle_files(quality={"slices": ["city", "zip"]}))

    counts = {city: sum(item["features"]["city"] == city for item in mine) for city in errors}
    of_mine = sum(errors[city] * count for city, count in counts.items()) / 200
    assert [(part.slice, part.labels) for part in result.slices] == [
        *((f"city {city}", count) for city, count in counts.items()),
        ("version v1", 100),
        ("version v2", 200),
    ]
    assert [part.live for part in result.slices] == pytest.approx([*errors.values(), 40, of_mine])
    # What the champion is judged by are its own predictions.
    assert result.quality["labels"] == 200
    assert result.quality["live"] == pytest.approx(of_mine)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "f1_macro"])
@pytest.mark.parametrize(("share_of_no", "fell"), [(75, False), (25, True)])
def test_a_classifier_is_judged_by_its_own_metric(captures, metric, share_of_no, fell):
    rows = answers(ROWS, {"yes": 0.25, "no": 0.75})
    captures.put_records(records(rows))
    captures.put_feedback(
        feedback(
            {item["prediction_id"]: "no" if number % 100 < share_of_no else "yes" for number, item in enumerate(rows)}
        )
    )

    result = captures.result(files=classifier(metric))

    assert result.status == OK
    assert result.prediction["name"] == "(prediction)"
    assert (result.quality["labels"], result.quality["fell"]) == (400, fell)
    if metric == "accuracy":
        assert (result.quality["promised"], result.quality["live"]) == (0.75, share_of_no / 100)


def test_an_earlier_version_may_have_known_other_classes(captures):
    rows = answers(ROWS[:50], {"no": 0.6, "perhaps": 0.4})
    captures.put_records(records(rows, version="v1"))
    captures.put_feedback(feedback({item["prediction_id"]: "yes" for item in rows}))

    (part,) = captures.result(files=classifier("log_loss")).slices

    # A class that it did not know costs the most: minus the logarithm of the float64 epsilon.
    assert (part.slice, part.labels) == ("version v1", 50)
    assert part.live == pytest.approx(36.04, abs=0.01)


# What one check takes over from the one before.


def test_a_status_dates_from_the_first_check_that_had_it(captures):
    captures.put_records(records(ROWS))
    earlier = "2026-11-20T01:00:00+00:00"

    assert captures.result(previous={"status": OK, "since": earlier}).since == earlier
    assert captures.result(previous={"status": DRIFT, "since": earlier}).since == "2026-11-24T12:10:00+00:00"
    captures.clear()
    captures.put(b"?")
    assert captures.result(previous={"status": BROKEN_INPUT, "since": earlier}).since == earlier
    assert captures.result(previous={"status": INSUFFICIENT_DATA, "since": earlier}).since != earlier


def test_a_look_at_another_length_of_time_is_no_measure_of_the_usual_rows(captures):
    captures.put_records(records(ROWS))
    hour = {"start": "2026-11-24T11:00:00+00:00", "end": "2026-11-24T12:00:00+00:00", "recent_rows": [9000] * 3}
    day = {**hour, "start": "2026-11-23T12:00:00+00:00"}

    assert captures.result(previous=hour).recent_rows == [9000] * 3
    assert not any("volume" in note for note in captures.result(previous=hour).notes)
    assert captures.result(previous=day).recent_rows == [9000, 9000, 9000, 400]
    assert any("volume" in note for note in captures.result(previous=day).notes)


def test_a_drift_dates_from_its_first_check_and_a_check_that_cannot_tell_changes_nothing(captures):
    began = "2026-11-20T01:00:00+00:00"
    previous = {"status": DRIFT, "since": began, "drift_since": began}

    assert captures.result(previous=previous).drift_since == began
    captures.put_records(records(ROWS))
    assert captures.result(previous=previous).drift_since is None
    captures.clear()
    captures.put_records(records([{**item, "features": {**item["features"], "area": 5000.0}} for item in ROWS]))
    assert captures.result(previous=previous).drift_since == began
    assert captures.result().drift_since == "2026-11-24T12:10:00+00:00"


def test_drift_dates_from_the_first_check_that_found_it_until_one_finds_none(captures):
    """As its alarm does: a check that cannot tell changes nothing."""
    earlier, now = "2026-11-20T01:00:00+00:00", "2026-11-24T12:10:00+00:00"

    def since(rows, previous) -> str | None:
        captures.clear()
        captures.put_records(records(rows))
        return captures.result(previous=previous).drift_since

    drifting = changed(ROWS, 400, area=1000.0)
    assert since(drifting, {}) == since(drifting, {"drift_since": None}) == now
    assert since(drifting, {"drift_since": earlier}) == earlier
    assert since(ROWS[:10], {"drift_since": earlier}) == earlier
    assert since(ROWS[:10], {}) is None
    assert since(ROWS, {"drift_since": earlier}) is None


def test_the_rows_of_the_last_checks_are_remembered(captures):
    captures.put_records(records(ROWS))

    assert captures.result().recent_rows == [400]
    assert captures.result(previous={"recent_rows": [1, 2]}).recent_rows == [1, 2, 400]
    assert captures.result(previous={"recent_rows": [1, 2, 3, 4, 5, 6, 7]}).recent_rows == [2, 3, 4, 5, 6, 7, 400]


@pytest.mark.parametrize(
    ("before", "noted"),
    [
        ([], False),
        ([10_000, 10_000], False),
        ([1200, 1200, 1200], False),
        ([1201, 1201, 1201], True),
        ([134, 134, 5000], False),
        ([133, 133, 133], True),
        ([0, 0, 0], False),
    ],
)
def test_a_window_of_an_unusual_size_is_noted(captures, before, noted):
    """400 rows: less than a third of 1,201, and more than three times 133."""
    captures.put_records(records(ROWS))

    notes = captures.result(previous={"recent_rows": before}).notes

    assert notes == ([f"volume: 400 rows, usually about {sorted(before)[1]:,}"] if noted else [])


# Duplicates and order.


def test_rows_that_were_delivered_twice_count_once_and_that_is_said(captures):
    for _ in range(3):
        captures.put_records(records(ROWS))

    result = captures.result()

    assert result.rows == 400
    assert result.notes == ["800 rows were delivered twice and are counted once"]


def told(result) -> dict:
    """All that a check says, but for what the delivery itself explains: its lag, and what came again."""
    everything = asdict(result)
    everything["notes"] = sorted(note for note in result.notes if "counted once" not in note)
    del everything["capture_lag_seconds"]
    return everything


def test_neither_repetition_nor_order_of_records_and_labels_changes_the_result(captures):
    mine = changed(ROWS[:300], 5, rooms="three")
    theirs = without(ROWS[300:], "area", 30)
    documents = [*records(mine, each=7), *records(theirs, each=7, version="v1")]
    errors = [random.Random(1).uniform(0, 30) for _ in ROWS]
    truths = [truth_of([item], error=error) for item, error in zip(ROWS, errors, strict=True)]
    # The same predictions again, with another truth.
    truths += [truth_of([item], error=7, at=NOON + timedelta(hours=2)) for item in ROWS[:20]]
    files = bundle_files(quality={"slices": ["city"]})

    def delivered(generator: random.Random | None) -> dict:
        captures.clear()
        for kind, put in (
            (documents, captures.put_records),
            (truths, lambda part, day: captures.put_feedback(*part, day=day)),
        ):
            sent = list(kind)
            if generator:
                sent += generator.sample(kind, len(kind) // 3)
                generator.shuffle(sent)
            parts = generator.randint(1, 6) if generator else 1
            for start in range(parts):
                put(sent[start::parts], day=generator.choice([NOON, NOON - timedelta(days=1)]) if generator else NOON)
        return told(captures.result(files=files))

    expected = delivered(None)
    assert expected["status"] == BROKEN_INPUT
    assert expected["quality"]["labels"] == 300
    for seed in range(8):
        assert delivered(random.Random(seed)) == expected


# The report.


@pytest.fixture
def with_evidently(in_short, monkeypatch):  # noqa: ARG001 - after that one
    monkeypatch.setattr(check, "EvidentlyMeasure", EvidentlyMeasure)


@pytest.mark.usefixtures("with_evidently")
def test_evidently_draws_the_report_and_finds_what_we_find(captures):
    captures.put_records(records(changed(ROWS, 250, area=1000.0, city="El Paso")))

    result, html = captures.check()

    assert result.status == DRIFT
    assert set(drifted(result)) == {"area", "city"}
    for words in (b"area", b"city", b"rooms", b"(prediction)", b"Data drift detected", b"El Paso"):
        assert words in html


def test_a_row_has_the_form_of_a_record():
    """The rows of these tests are those that the predict function records."""
    scored = ScoredRow("id", 1.0, {}, [], {"no": 1.0})
    assert scored.as_record().keys() == {*row({}, 0), "probabilities"}
