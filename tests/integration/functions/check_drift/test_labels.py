"""Labels and their predictions: late, unknown, contradictory and impossible ones."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from functions.check_drift import late_labels
from functions.check_drift.result import INSUFFICIENT_DATA, OK
from tests.integration.functions.check_drift.checking import (
    NOON,
    NOW,
    ROWS,
    bundle_files,
    feedback,
    houses,
    prediction_id,
    records,
    rows_of,
    truth_of,
)

pytestmark = pytest.mark.usefixtures("in_short")


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


def test_made_up_ids_of_a_year_cost_a_hundred_days_of_captures_and_the_days_with_the_most_labels_come_first(captures):
    """One request can name a thousand predictions; the days that real labels name are read all the same."""
    moment = NOW - timedelta(days=200)
    rows = rows_of(houses(120, seed=1), at=moment)
    captures.put_records(records(rows, at=moment), day=moment)
    left_out = NOW - timedelta(days=300)
    captures.put_records(records(rows_of(houses(1, seed=2), at=left_out, first=300), at=left_out), day=left_out)
    made_up = [prediction_id(NOW - timedelta(days=days), days) for days in range(1, 10_000)]
    captures.put_feedback(truth_of(rows, error=10), feedback(dict.fromkeys(made_up, 1.0)), day=NOW)

    result = captures.result()

    assert result.quality["labels"] == 120
    assert result.notes == [
        "299 labels of 299 days before the window are left out: beside its window, a check reads at most 100 days and "
        "2000 MB of captures, the days with the most labels first",
        "9700 labels name no captured prediction",
    ]


def test_a_day_of_too_many_bytes_is_left_out_whole(captures, monkeypatch):
    for days, count in ((5, 3), (6, 2), (7, 1)):
        moment = NOW - timedelta(days=days)
        rows = rows_of(houses(count, seed=1), at=moment)
        captures.put_records(records(rows, at=moment), day=moment)
        captures.put_feedback(truth_of(rows, error=10), day=NOW)
        if days == 6:
            captures.put(b"\n" * 150_000, day=moment)
    monkeypatch.setattr(late_labels, "_MOST_BYTES", 250_000)

    result = captures.result()

    assert [part.labels for part in result.slices] == [4]
    assert [note for note in result.notes if note.startswith("2 labels of 1 day before the window are left out")]


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


ASKER, LABELLER, STRANGER = (f"arn:aws:iam::111122223333:role/{name}" for name in ("asker", "labeller", "stranger"))


@pytest.mark.parametrize(
    ("labels_from", "told_by", "counted"),
    [
        ([], [None, ASKER, STRANGER], True),
        (["same caller"], [ASKER], True),
        (["same caller"], [None, STRANGER], False),
        ([LABELLER], [LABELLER], True),
        ([LABELLER], [None, ASKER, STRANGER], False),
        ([LABELLER, "same caller"], [LABELLER, ASKER], True),
    ],
)
def test_whose_labels_count_is_a_setting(captures, labels_from, told_by, counted):
    captures.put_records(records(ROWS, caller=ASKER))
    for caller in told_by:
        captures.put_feedback(truth_of(ROWS[:100], error=10, caller=caller))

    result = captures.result(files=bundle_files(quality={"labels_from": labels_from}))

    assert (result.quality["labels"] if result.quality else 0) == (100 if counted else 0)
    assert result.notes == (
        []
        if counted
        else ["100 predictions got labels of callers that [quality] labels_from does not name; these do not count"]
    )


def test_a_stranger_who_tells_last_takes_no_label_away(captures):
    captures.put_records(records(ROWS, caller=ASKER))
    captures.put_feedback(truth_of(ROWS[:100], error=40, caller=ASKER))
    captures.put_feedback(truth_of(ROWS[:100], error=0, caller=STRANGER, at=NOW))

    quality = captures.result(files=bundle_files(quality={"labels_from": ["same caller"]})).quality

    assert (quality["live"], quality["fell"]) == (pytest.approx(40), True)


def test_where_nobody_is_recorded_the_same_caller_is_not_known(captures):
    captures.put_records(records(ROWS))
    captures.put_feedback(truth_of(ROWS[:100], error=10))

    assert captures.result(files=bundle_files(quality={"labels_from": ["same caller"]})).quality is None
