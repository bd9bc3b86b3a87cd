"""What the exporter makes of CloudWatch's answers, read by read."""

import math
from datetime import timedelta

import pytest

from cli.metrics_export.queries import MOST_QUERIES
from cli.metrics_export.reading import Reader
from cli.metrics_export.series import CHECKS
from cli.metrics_export.stack import Alarm
from evergreen import names
from tests.unit.metrics_export.fake_stack import CHAMPION, START, FakeStack

CRASHED = Alarm("crashed requests", "OK", {("AWS/Lambda", "Errors"): (("FunctionName", "predict"),)})


def asked(queries):
    return {query.series.metric for query in queries}


def test_predictions_count_from_the_first_read_on(stack, reader):
    stack.put(names.PREDICTIONS, "Sum", 100)
    first = reader.read()
    for _ in range(2):
        stack.pass_minutes(1)
        stack.put(names.PREDICTIONS, "Sum", 20)
        last = reader.read()

    assert first.values["predictions", ""] == 0
    assert last.values["predictions", ""] == 40


def test_requests_are_the_samples_of_what_each_request_writes_and_rejections_their_sum(stack, begun):
    stack.put(names.REJECTED_REQUESTS, "SampleCount", 10)
    stack.put(names.REJECTED_REQUESTS, "Sum", 3)
    read = begun.read()

    assert read.values["prediction_requests", ""] == 10
    assert read.values["prediction_requests_rejected", ""] == 3


def test_a_duration_is_in_seconds_and_its_quantiles_are_of_the_five_minutes_that_are_over(stack, begun):
    for statistic, value in {"SampleCount": 4, "Sum": 80.0, "p50": 15.0, "p99": 40.0}.items():
        stack.put(names.PREDICTION_DURATION, statistic, value)
    during = begun.read().durations["prediction_duration_seconds"]
    stack.pass_minutes(3)
    after = begun.read().durations["prediction_duration_seconds"]
    stack.pass_minutes(5)
    later = begun.read().durations["prediction_duration_seconds"]

    assert (during.count, during.seconds) == (4, pytest.approx(0.08))
    assert math.isnan(during.quantiles["0.5"])
    assert during.window_requests == 0
    assert after.quantiles["0.5"] == pytest.approx(0.015)
    assert after.quantiles["0.99"] == pytest.approx(0.04)
    assert math.isnan(after.quantiles["0.9"])
    assert after.window_requests == 4
    assert math.isnan(later.quantiles["0.5"])
    assert later.count == 4


def test_five_minutes_are_asked_for_as_the_clock_has_them(stack, reader):
    for _ in range(3):
        reader.read()
        stack.pass_minutes(1)

    assert {start.timestamp() % 300 for start in stack.starts} == {0}


def test_the_metrics_of_awss_services_are_those_that_alarms_look_at(stack, begun):
    stack.alarm_states = [CRASHED]
    begun.read()
    stack.pass_minutes(1)
    stack.put("Errors", "Sum", 2)
    read = begun.read()

    (query,) = [query for query in stack.calls[-1] if query.namespace == "AWS/Lambda"]
    assert query.dimensions == (("FunctionName", "predict"),)
    assert read.values["evergreen_function_errors", ""] == 2
    assert read.alarms == {"crashed requests": "OK"}


def test_another_alarm_of_that_prefix_changes_nothing(stack, begun):
    own = Alarm("my own", "OK", {("AWS/Lambda", "Errors"): (("FunctionName", "another"),)})
    stack.alarm_states = [CRASHED, own]
    read = begun.read()

    assert [query.dimensions for query in stack.calls[-1] if query.series.alarm] == [(("FunctionName", "predict"),)]
    assert read.alarms.keys() == {"crashed requests", "my own"}


def test_a_value_that_changes_by_the_minute_goes_when_it_is_not_written_any_more(stack, reader):
    freshness = "DeliveryToS3.DataFreshness"
    stack.alarm_states = [Alarm("capture late", "OK", {("AWS/Firehose", freshness): (("DeliveryStreamName", "s"),)})]
    stack.put(freshness, "Maximum", 61)
    first = reader.read()
    stack.pass_minutes(11)
    second = reader.read()

    assert first.values["evergreen_capture_waiting_seconds", ""] == 61
    assert ("evergreen_capture_waiting_seconds", "") not in second.values


def test_a_checks_value_holds_until_there_is_another(stack, reader):
    stack.put(names.QUALITY_FELL, "Maximum", 1)
    stack.put(names.MODEL_AGE_DAYS, "Maximum", 2)
    reader.read()
    for _ in range(3):
        stack.pass_minutes(60 * 24)
        reader.read()
    read = reader.read()

    assert read.values["evergreen_quality_fell", ""] == 1
    assert read.values["evergreen_model_age_seconds", ""] == 2 * 86400


def test_the_check_of_last_month_is_known_from_the_second_read_on(stack, reader):
    stack.put(names.DRIFT_SHARE, "Maximum", 0.5)
    stack.pass_minutes(60 * 24 * 30)
    reader.read()
    stack.pass_minutes(1)

    assert reader.read().values["evergreen_drifted_features_ratio", ""] == 0.5


def test_what_is_asked_for_month_by_month_is_nothing_that_changes_by_the_minute(stack, reader):
    for _ in range(30):
        reader.read()
        stack.pass_minutes(1)

    spans = [(query.series.seldom, stack.starts[number]) for number, call in enumerate(stack.calls) for query in call]
    assert min(start for seldom, start in spans if not seldom) >= START - timedelta(minutes=65)
    assert min(start for seldom, start in spans if seldom) < START - timedelta(days=30)


def test_drift_by_feature_is_that_of_the_newest_check(stack, reader):
    stack.labels = {names.FEATURE_DRIFT: ["city", "sales"]}
    for feature, value in {"city": 0.1, "sales": 0.2}.items():
        stack.put(names.FEATURE_DRIFT, "Maximum", value, label=feature)
    reader.read()
    stack.pass_minutes(1)
    first = reader.read()
    stack.pass_minutes(60)
    stack.put(names.FEATURE_DRIFT, "Maximum", 0.4, label="city")
    second = reader.read()

    assert {key: value for key, value in first.values.items() if key[0] == "evergreen_feature_drift_ratio"} == {
        ("evergreen_feature_drift_ratio", "city"): 0.1,
        ("evergreen_feature_drift_ratio", "sales"): 0.2,
    }
    assert {key: value for key, value in second.values.items() if key[0] == "evergreen_feature_drift_ratio"} == {
        ("evergreen_feature_drift_ratio", "city"): 0.4
    }


def test_what_changes_once_in_hours_is_asked_for_every_ten_minutes(stack, reader):
    for _ in range(21):
        reader.read()
        stack.pass_minutes(1)

    checked = {series.metric for series in CHECKS if not series.label}
    assert [number for number, call in enumerate(stack.calls) if asked(call) & checked] == [1, 11]


def test_more_features_than_a_call_takes_come_with_the_next(stack, reader):
    stack.labels = {names.FEATURE_DRIFT: [f"f{number}" for number in range(600)]}
    for number in range(600):
        stack.put(names.FEATURE_DRIFT, "Maximum", 0.5, label=f"f{number}")
    for _ in range(4):
        read = reader.read()
        stack.pass_minutes(1)

    assert all(len(call) <= MOST_QUERIES for call in stack.calls)
    assert sum(name == "evergreen_feature_drift_ratio" for name, _ in read.values) == 600


def test_a_look_back_that_never_succeeds_holds_up_nothing_else(stack, reader, monkeypatch):
    points = stack.points

    def fail_on_checks(queries, start, end):
        stack.failing = {"points": "InternalServiceFault"} if any(query.series.seldom for query in queries) else {}
        return points(queries, start, end)

    monkeypatch.setattr(stack, "points", fail_on_checks)
    for _ in range(10):
        read = reader.read()
        stack.pass_minutes(1)
        stack.put(names.PREDICTIONS, "Sum", 5)
    read = reader.read()

    assert read.values["predictions", ""] == 50


def test_a_stack_without_a_feature_store_is_asked_for_none_of_its_metrics(stack, reader):
    for _ in range(20):
        reader.read()
        stack.pass_minutes(1)

    assert not {metric for call in stack.calls for metric in asked(call)} & {names.MISSING_ENTITIES, names.FEATURE_SKEW}


def test_a_feature_store_is_shown_by_view():
    stack = FakeStack(has_feature_store=True)
    stack.labels = {names.FEATURE_LAG_SECONDS: ["market"]}
    stack.put(names.FEATURE_LAG_SECONDS, "Maximum", 3600, label="market")
    reader = Reader(stack, lambda _words: None, lambda: stack.now)
    reader.read()
    stack.pass_minutes(1)
    reader.read()
    stack.pass_minutes(1)
    stack.put(names.MISSING_ENTITIES, "Sum", 3)
    read = reader.read()

    assert read.values["evergreen_feature_lag_seconds", "market"] == 3600
    assert read.values["evergreen_missing_entities", ""] == 3
    assert "evergreen_feature_read_duration_seconds" in read.durations


@pytest.mark.parametrize("failing", ["alarms", "values_of", "points"])
def test_while_cloudwatch_throttles_the_last_values_stay(stack, reader, told, failing):
    stack.alarm_states = [CRASHED]
    stack.put(names.DRIFT_SHARE, "Maximum", 0.5)
    reader.read()
    stack.pass_minutes(1)
    before = reader.read()
    stack.failing = {failing: "ThrottlingException"}
    stack.pass_minutes(11)
    during = reader.read()
    stack.pass_minutes(1)
    reader.read()

    assert (before.cloudwatch_up, during.cloudwatch_up) == (True, False)
    assert during.values["evergreen_drifted_features_ratio", ""] == 0.5
    assert during.alarms == before.alarms
    assert (during.metrics_at == before.metrics_at) == (failing == "points")
    (line,) = told
    assert "throttles" in line


def test_a_query_that_cloudwatch_leaves_out_is_told_and_the_others_are_taken(stack, begun, told):
    stack.unanswered = {names.PREDICTIONS}
    stack.put(names.REJECTED_REQUESTS, "Sum", 3)
    read = begun.read()

    assert not read.cloudwatch_up
    assert read.values["prediction_requests_rejected", ""] == 3
    (words,) = told
    assert "CloudWatch has not answered 1 of" in words
    assert names.PREDICTIONS in words
    age, stack.unanswered = read.metrics_at, set()
    stack.pass_minutes(1)
    assert begun.read().cloudwatch_up
    assert begun.read().metrics_at > age


def test_what_is_written_once_a_month_is_shown_all_month(reader, stack):
    metric = names.FEATURE_DRIFT
    stack.labels = {metric: ["city"]}
    stack.put(metric, "Maximum", 0.4, label="city")
    for _ in range(2):
        stack.pass_minutes(1)
        reader.read()
    stack.pass_minutes(20 * 24 * 60)
    stack.labels = {}

    assert reader.read().values["evergreen_feature_drift_ratio", "city"] == 0.4
    stack.pass_minutes(15 * 24 * 60)
    reader.read()
    assert ("evergreen_feature_drift_ratio", "city") not in reader.read().values


def test_what_came_while_cloudwatch_did_not_answer_is_counted_afterwards(stack, begun, told):
    stack.failing = {"points": "ThrottlingException"}
    for _ in range(180):
        stack.pass_minutes(1)
        stack.put(names.PREDICTIONS, "Sum", 2)
        begun.read()
    stack.failing = {}
    stack.pass_minutes(1)
    read = begun.read()

    assert read.values["predictions", ""] == 360
    assert read.cloudwatch_up
    assert told[-1] == "Metrics can be read again"


def test_without_a_champion_there_is_none_and_a_bucket_that_fails_keeps_the_last(stack, reader):
    stack.present = None
    assert reader.read().champion is None
    stack.present = CHAMPION
    assert reader.read().champion == CHAMPION
    stack.failing = {"champion": "SlowDown"}
    read = reader.read()

    assert (read.champion, read.bucket_up, read.cloudwatch_up) == (CHAMPION, False, True)
