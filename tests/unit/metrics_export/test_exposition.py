"""A snapshot in the text format of Prometheus."""

import math
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from cli.metrics_export.exposition import StackCollector, families
from cli.metrics_export.series import ALL, Kind
from cli.metrics_export.snapshot import Duration, Snapshot
from tests.unit.metrics_export.fake_stack import CHAMPION, START

SNAPSHOT = Snapshot(
    values={
        ("predictions", ""): 20.0,
        ("evergreen_drift_detected", ""): 1.0,
        ("evergreen_feature_drift_ratio", 'a "quoted"\nfeature'): 0.25,
    },
    durations={
        "prediction_duration_seconds": Duration(
            count=4, seconds=0.08, quantiles={"0.5": 0.015, "0.9": math.nan, "0.99": 0.04}, window_requests=4
        )
    },
    alarms={"latency": "ALARM"},
    champion=CHAMPION,
    cloudwatch_up=True,
    bucket_up=True,
    metrics_at=START,
)


def samples(snapshot):
    registry = CollectorRegistry()
    registry.register(StackCollector("houses", lambda: snapshot))
    text = generate_latest(registry).decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counters_summaries_gauges_alarms_and_version_are_written():
    found = samples(SNAPSHOT)

    assert found["predictions_total",] == 20
    assert found["evergreen_drift_detected",] == 1
    assert found["evergreen_feature_drift_ratio", ("feature", 'a "quoted"\nfeature')] == 0.25
    assert found["prediction_duration_seconds_count",] == 4
    assert found["prediction_duration_seconds_sum",] == 0.08
    assert found["prediction_duration_seconds", ("quantile", "0.99")] == 0.04
    assert math.isnan(found["prediction_duration_seconds", ("quantile", "0.9")])
    assert found["evergreen_prediction_duration_window_requests",] == 4
    assert found["evergreen_alarm_state", ("alarm", "latency"), ("state", "ALARM")] == 1
    assert found["evergreen_alarm_state", ("alarm", "latency"), ("state", "OK")] == 0
    assert found["evergreen_model_info", ("model", "houses"), ("version", CHAMPION.version)] == 1
    assert found["evergreen_model_promoted_timestamp_seconds",] == 1796126400
    assert found["evergreen_cloudwatch_up",] == 1


def test_before_anything_was_read_it_says_only_that_nothing_answers():
    assert samples(Snapshot()) == {("evergreen_cloudwatch_up",): 0.0, ("evergreen_model_bucket_up",): 0.0}


def test_the_age_is_that_of_the_metrics_at_the_scrape():
    found = {family.name: family for family in families(SNAPSHOT, "houses", START + timedelta(seconds=90))}

    assert found["evergreen_cloudwatch_age_seconds"].samples[0].value == 90


@pytest.mark.parametrize("series", ALL, ids=lambda series: series.name)
def test_the_help_says_what_a_restart_does_to_a_counter_and_how_old_a_gauge_may_be(series):
    expected = "absent if" if series.kind is Kind.GAUGE else "since the exporter's start"

    assert expected in series.help


def test_names_are_unique_and_those_that_are_not_of_the_field_are_ours():
    names = [series.name for series in ALL]

    assert len(set(names)) == len(names)
    assert {name for name in names if not name.startswith("evergreen_")} == {
        "predictions",
        "prediction_duration_seconds",
        "prediction_requests",
        "prediction_requests_rejected",
        "prediction_errors",
    }
