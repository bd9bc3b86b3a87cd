"""Rows that another version of the model predicted, and fields that this one does not read."""

import pytest

from functions.check_drift.result import OK
from tests.integration.functions.check_drift.checking import ROWS, changed, records, truth_of, without

pytestmark = pytest.mark.usefixtures("in_short")


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
