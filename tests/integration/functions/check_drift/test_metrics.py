"""The metrics of a check, from which the alarms are made."""

import pytest

from evergreen import names
from functions.check_drift.result import BROKEN_INPUT, INSUFFICIENT_DATA, OK
from tests.integration.functions.check_drift.checking import ROWS, feedback, price, records
from tests.integration.functions.check_drift.deployed import DRIFTED

pytestmark = pytest.mark.usefixtures("in_short")


def test_drift_and_quality_become_metrics(stack, captures):
    stack.promote()
    captures.put_records(records(DRIFTED))
    captures.put_feedback(feedback({item["prediction_id"]: price(item["features"]) + 40 for item in DRIFTED[:150]}))

    answer = stack.check()

    values = stack.values()
    assert values.pop(names.MODEL_AGE_DAYS) == answer["model_age_days"] > 0
    assert values.pop(names.CAPTURE_LAG_SECONDS) == answer["capture_lag_seconds"]
    assert values.pop(names.DRIFT_SHARE) == pytest.approx(1 / 3)
    assert values.pop(names.DRIFT_IMPORTANCE) == pytest.approx(0.7)
    assert values.pop(names.PREDICTION_DRIFT) == answer["prediction"]["distance"] > 0.5
    assert values.pop(names.LIVE_METRIC) == pytest.approx(40)
    assert values.pop(names.PROMISED_METRIC) == pytest.approx(10)
    assert values == {
        names.CAPTURED_ROWS: 400,
        names.BROKEN_INPUT: 0,
        names.DRIFT_DETECTED: 1,
        names.BROKEN_FEATURES: 1,
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
