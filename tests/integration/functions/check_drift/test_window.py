"""Which rows a check looks at: those predicted within its window, and enough of them."""

from datetime import UTC, datetime, timedelta

import pytest

from functions.check_drift.result import INSUFFICIENT_DATA, OK
from tests.integration.functions.check_drift.checking import (
    END,
    NOON,
    ROWS,
    START,
    bundle_files,
    houses,
    record,
    records,
    rows_of,
)

pytestmark = pytest.mark.usefixtures("in_short")


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
