"""The dashboard shows what is measured, in one column, and nothing that nobody writes."""

import json

import pytest

from evergreen import names


@pytest.fixture
def widgets(template):
    return json.loads(template.only("AWS::CloudWatch::Dashboard")["DashboardBody"])["widgets"]


def metrics(widgets):
    """(namespace, name) of every metric that is drawn."""
    for widget in widgets:
        for metric in widget["properties"].get("metrics", []):
            if isinstance(metric[0], str):
                yield metric[0], metric[1]


def test_it_is_one_column_from_the_top(widgets):
    assert {(widget["x"], widget["width"]) for widget in widgets} == {(0, 24)}
    places = [widget["y"] for widget in widgets]
    assert places == sorted(set(places))


def test_every_metric_of_ours_is_one_that_a_function_writes(widgets, template):
    namespace = names.metric_namespace(template.environment.name)
    drawn = {metric for space, metric in metrics(widgets) if space == namespace}
    assert drawn == {
        names.PREDICTIONS,
        names.PREDICTION_DURATION,
        names.PREDICTION_ERRORS,
        names.REJECTED_REQUESTS,
        names.CHAMPION_REFRESH_FAILURES,
        names.DRIFT_SHARE,
        names.DRIFT_IMPORTANCE,
        names.BROKEN_FEATURES,
        names.PREDICTION_DRIFT,
        names.LIVE_METRIC,
        names.PROMISED_METRIC,
        names.CAPTURED_ROWS,
        names.LABELS,
        names.CAPTURE_LAG_SECONDS,
        names.MODEL_AGE_DAYS,
    }


def test_every_alarm_is_shown(widgets, template):
    (alarms,) = [widget for widget in widgets if widget["type"] == "alarm"]
    assert len(alarms["properties"]["alarms"]) == len(template.resources("AWS::CloudWatch::Alarm"))


def test_the_drift_of_whatever_features_there_are_is_searched_for(widgets):
    expressions = [
        metric[0]["expression"]
        for widget in widgets
        for metric in widget["properties"].get("metrics", [])
        if isinstance(metric[0], dict)
    ]
    assert len(expressions) == 1
    assert f'MetricName="{names.FEATURE_DRIFT}"' in expressions[0]


def test_the_shares_of_drift_are_drawn_with_their_thresholds(widgets, template):
    (widget,) = [widget for widget in widgets if widget["properties"].get("title", "").startswith("Drifted features")]
    lines = {line["label"]: line["value"] for line in widget["properties"]["annotations"]["horizontal"]}
    drift = template.settings.drift
    assert lines == {"alarm above, features": drift.share, "alarm above, importance": drift.importance}


def test_with_a_feature_store_its_alarms_and_metrics_come_last(template, template_with_features):
    body = template_with_features.only("AWS::CloudWatch::Dashboard")["DashboardBody"]
    widgets = json.loads(body)["widgets"]
    before = json.loads(template.only("AWS::CloudWatch::Dashboard")["DashboardBody"])["widgets"]

    added = widgets[len(before) :]
    shown = [widget for widget in widgets if widget["type"] == "alarm"]
    assert added[0] is shown[1]
    assert sum(len(widget["properties"]["alarms"]) for widget in shown) == len(
        template_with_features.resources("AWS::CloudWatch::Alarm")
    )
    assert {metric for _, metric in metrics(added)} == {
        names.MISSING_ENTITIES,
        names.STALE_ENTITIES,
        names.FEATURE_READ_FAILURES,
        names.FEATURE_READ_DURATION,
        names.FEATURE_LAG_SECONDS,
        names.FEATURE_ROWS_WRITTEN,
        names.FEATURE_SKEW,
        names.FEATURES_LATE,
    }
