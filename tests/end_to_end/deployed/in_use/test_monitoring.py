"""From predictions to a message: capture, the drift check, its alarms, and what happens when one of them fails."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from cli.aws.captures import forget_predictions
from cli.aws.checks import Checks
from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.inbox import Inbox
from cli.demo.replay import city_months, replay
from cli.demo.telemetry import Captures, alarm_state
from cli.verbs.dashboard import write_dashboard
from evergreen import names
from evergreen.errors import CommandFailed
from tests.end_to_end.workflow import ROW, physical_names

FIRST_HALF, SECOND_HALF = range(1, 7), range(7, 13)


@pytest.fixture(scope="module")
def endpoint(trained):
    return Endpoint(trained.target)


@pytest.fixture(scope="module")
def inbox(trained):
    return Inbox(trained.target)


@pytest.fixture(scope="module")
def checks(trained):
    return Checks(trained.target)


def predict_half_a_year(trained, endpoint, year, months, *, labels):
    """Predictions of some months of a year, captured; the moment before the first of them."""
    start = datetime.now(UTC)
    rows = city_months(year, months, endpoint.model()["contract"]["features"])
    replayed = replay(endpoint, rows, lambda _words: None)
    if labels:
        endpoint.feedback({"labels": replayed.truths})
    captures = Captures(trained.target)
    captures.await_records(names.PREDICTIONS_PREFIX, replayed.prediction_ids)
    captures.await_records(names.FEEDBACK_PREFIX, replayed.prediction_ids if labels else [])
    return start, len(rows)


# A part of them ends a line for some readers of a log, and for others it does not.
ODD_CITIES = ["Austin", "Aus\u2028tin", "Aus\u2029tin", "Aus\x85tin", "Aus\x0btin", "Zürich 🏙", '"},{"', "a\nb"]


def test_whatever_is_answered_under_load_is_captured(trained, endpoint):
    def ask(number):
        row = {**ROW, "city": ODD_CITIES[number % len(ODD_CITIES)]}
        return [answer["prediction_id"] for answer in endpoint.predict({"instances": [row] * 3})["predictions"]]

    with ThreadPoolExecutor(8) as callers:
        answered = [id_ for ids in callers.map(ask, range(200)) for id_ in ids]

    assert len(set(answered)) == 600
    Captures(trained.target).await_records(names.PREDICTIONS_PREFIX, answered)


@pytest.fixture(scope="module")
def ordinary(trained, endpoint, checks):
    """The check of a half-year like the one that the model was judged on."""
    start, rows = predict_half_a_year(trained, endpoint, 2007, FIRST_HALF, labels=False)
    return checks.run(start=start, end=datetime.now(UTC)), rows


@pytest.fixture(scope="module")
def drifted(trained, endpoint, checks, ordinary, inbox):  # noqa: ARG001 - the inbox is there before the alarm
    """The check of a half-year after the crisis, with the true prices."""
    assert ordinary[0]["status"] == "ok"
    start, rows = predict_half_a_year(trained, endpoint, 2010, SECOND_HALF, labels=True)
    return checks.run(start=start, end=datetime.now(UTC)), rows


def test_rows_like_those_of_the_holdout_have_not_drifted(ordinary):
    result, rows = ordinary
    assert (result["status"], result["rows"]) == ("ok", rows)
    # The season and the year are left out by model.toml.
    assert {feature["name"] for feature in result["features"]} == {"city", "sales", "listings", "inventory"}
    assert result["quality"] is None
    assert "POST /feedback" in result["quality_reason"]


def test_rows_of_another_time_have(drifted):
    result, rows = drifted
    assert (result["status"], result["rows"]) == ("drift", rows)
    moved = {feature["name"] for feature in result["features"] if feature["reasons"]}
    assert {"inventory", "listings"} <= moved
    assert result["share"] == len(moved) / 4
    assert {"share", "importance"} <= {reason["name"] for reason in result["alarms"]}
    assert result["quality"]["fell"], result["quality"]
    assert result["quality"]["live"] > 1.5 * result["quality"]["promised"]


def test_the_report_lies_where_the_result_says(checks, drifted):
    report = checks.report(drifted[0])
    assert report.startswith(b"<html") or b"<!DOCTYPE html" in report[:200] or b"<html" in report[:500]
    assert b"inventory" in report


@pytest.mark.usefixtures("drifted")
def test_the_drift_and_the_fall_in_quality_are_told_in_words(trained, inbox):
    message = inbox.receive("no longer look like")
    assert message.subject == "Evergreen dev: drift, texas-house-prices"
    for words in (
        "What: ",
        "Since: ",
        "How far: ",
        "inventory",
        "Quality: it has fallen",
        "What to do: ",
        "Report: s3",
    ):
        assert words in message.message
    assert "evergreen drift -e dev" in message.message
    assert alarm_state(trained.target, names.ALARM_DRIFT) == "ALARM"
    assert alarm_state(trained.target, names.ALARM_QUALITY) == "ALARM"


def test_the_check_writes_its_metrics(trained, drifted):
    now = datetime.now(UTC)
    answer = trained.target.client("cloudwatch").get_metric_statistics(
        Namespace=names.metric_namespace("dev"),
        MetricName=names.FEATURE_DRIFT,
        Dimensions=[
            {"Name": "feature", "Value": "inventory"},
            {"Name": "service", "Value": names.MONITORING_SERVICE},
        ],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    (point,) = answer["Datapoints"]
    inventory = next(feature for feature in drifted[0]["features"] if feature["name"] == "inventory")
    assert point["Maximum"] == pytest.approx(inventory["distance"])


@pytest.mark.usefixtures("drifted")
def test_the_dashboard_is_drawn_from_what_is_deployed(trained, tmp_path):
    page = write_dashboard(trained.target, tmp_path / "dashboard.html").read_text()
    for words in ("Drifted features", "alarm above, importance", "Errors by cause", "evergreen-dev drift: alarm"):
        assert words in page
    assert "inventory" in page, "the search for the features' drift found them"


@pytest.mark.usefixtures("ordinary")
def test_the_schedule_has_the_check_made(trained, eventually):
    scheduler, s3 = trained.target.client("scheduler"), trained.target.client("s3")
    bucket = trained.target.outputs[names.OUTPUT_CAPTURE_BUCKET]
    key = names.latest_check_key(trained.target.outputs[names.OUTPUT_MODEL_NAME])

    def checked_at():
        return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["checked_at"]

    before = checked_at()
    (deployed,) = scheduler.list_schedules()["Schedules"]
    target = scheduler.get_schedule(Name=deployed["Name"])["Target"]
    # The same target at another time: now, and once.
    scheduler.create_schedule(
        Name="now",
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
        ActionAfterCompletion="DELETE",
    )
    assert eventually(lambda: checked_at() != before, seconds=60)


def test_what_could_not_be_told_is_kept_and_told_in_another_way(trained, inbox):
    functions = trained.target.client("lambda")
    (notify,) = [
        function["FunctionName"]
        for function in functions.list_functions()["Functions"]
        if "Notifier" in function["FunctionName"]
    ]
    # No alarm sends such an event: it fails, is tried again, and fails.
    functions.invoke(FunctionName=notify, InvocationType="Event", Payload=b"{}")

    message = inbox.receive("work left undone")
    assert "failed after all its retries" in json.loads(message.message)["AlarmDescription"]


def test_a_request_that_the_function_does_not_survive_is_told(trained, endpoint, inbox):
    functions = trained.target.client("lambda")
    name = physical_names(trained, ("AWS::Lambda::Function",))["Prediction/Predict/Function"]
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="no.such.module")
    try:
        with pytest.raises(RequestRefused) as refused:
            endpoint.model()
    finally:
        functions.update_function_configuration(FunctionName=name, Handler=handler)

    assert refused.value.status >= 500
    assert "took longer than its time limit, ran out of memory" in inbox.receive("ended the predict function").message
    assert endpoint.model()["version"]


def test_a_prediction_can_be_forgotten(trained, endpoint):
    answer = endpoint.predict({"instances": [ROW, ROW]})
    gone, kept = (prediction["prediction_id"] for prediction in answer["predictions"])
    endpoint.feedback({"prediction_id": gone, "actual": 1.0})
    captures = Captures(trained.target)
    captures.await_records(names.PREDICTIONS_PREFIX, [gone, kept])
    captures.await_records(names.FEEDBACK_PREFIX, [gone])

    def forget(*ids):
        return forget_predictions(trained.target, ids, lambda _words: None)

    done = forget(gone)
    assert sorted(key.partition("/")[0] for key in done.keys) == ["feedback", "predictions"]
    assert (done.predictions, done.labels) == ({gone}, {gone})
    assert forget(gone).keys == []
    assert [key.partition("/")[0] for key in forget(kept).keys] == ["predictions"]
    with pytest.raises(CommandFailed, match="'nonsense' is not the prediction_id of an answer"):
        forget(kept, "nonsense")
