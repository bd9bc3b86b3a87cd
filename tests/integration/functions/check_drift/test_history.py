"""What a check takes over from the one before: since when a status holds, and how many rows are usual."""

import pytest

from functions.check_drift.result import BROKEN_INPUT, DRIFT, INSUFFICIENT_DATA, OK
from tests.integration.functions.check_drift.checking import ROWS, changed, records

pytestmark = pytest.mark.usefixtures("in_short")


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

    assert notes == ([f"volume: 400 rows, usually about {sorted(before)[1]}"] if noted else [])
