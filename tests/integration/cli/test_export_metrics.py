"""evergreen export-metrics on the embedded cloud: what CloudWatch and S3 hold is served, and what is wrong is said."""

import socket
import urllib.request
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from botocore.stub import Stubber
from prometheus_client.parser import text_string_to_metric_families

from cli.main import app
from cli.metrics_export.exposition import StackCollector
from cli.metrics_export.reading import Reader
from cli.metrics_export.server import serving
from cli.metrics_export.stack import Stack
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.versions.champion import Champion

CHAMPION = Champion(version="v1", bundle="models/houses/1/", digest="d", promoted_at="2026-12-01T12:00:00+00:00")


@pytest.fixture
def stack(target):
    return Stack(target)


@pytest.fixture
def write(target):
    """Writes values of a metric now."""
    cloudwatch = target.client("cloudwatch")

    def _write(metric, *values, service=names.METRIC_SERVICE, **dimensions):
        named = {"service": service, **dimensions}
        cloudwatch.put_metric_data(
            Namespace=names.metric_namespace(target.environment),
            MetricData=[
                {
                    "MetricName": metric,
                    "Timestamp": datetime.now(UTC),
                    "Values": list(values),
                    "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
                }
            ],
        )

    return _write


@pytest.fixture
def alarm(target):
    """Makes an alarm on a metric of AWS's."""

    def _alarm(name, namespace, metric, **dimensions):
        target.client("cloudwatch").put_metric_alarm(
            AlarmName=f"{names.stack_name(target.environment)} {name}",
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )

    return _alarm


def unreachable(request, **_):
    """In place of sending a request."""
    raise ConnectTimeoutError(endpoint_url=request.url)


def served(url):
    """Status, content type and samples of an answer."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
        found = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        return answer.status, answer.headers["Content-Type"], found


def test_what_the_cloud_holds_is_served(target, stack, write, alarm):
    alarm("crashed requests", "AWS/Lambda", "Errors", FunctionName="predict")
    write(names.DRIFT_SHARE, 0.25, service=names.MONITORING_SERVICE)
    write(names.FEATURE_DRIFT, 0.5, service=names.MONITORING_SERVICE, feature="city")
    reader = Reader(stack, print)
    with serving(StackCollector(stack.model, reader.read), "127.0.0.1", 0) as port:
        before = served(f"http://127.0.0.1:{port}/metrics")[2]
        write(names.PREDICTIONS, 3, 4)
        write(names.PREDICTION_DURATION, 10, 30)
        write(names.REJECTED_REQUESTS, 0, 0, 1)
        target.client("s3").put_object(
            Bucket=target.outputs[names.OUTPUT_MODEL_BUCKET],
            Key=names.champion_key("houses"),
            Body=CHAMPION.to_json(),
        )
        served(f"http://127.0.0.1:{port}/metrics")
        status, content_type, found = served(f"http://127.0.0.1:{port}/metrics")

    assert (status, content_type.partition(";")[0]) == (200, "text/plain")
    assert before["predictions_total",] == 0
    assert not any(name == "evergreen_model_info" for name, *_ in before)
    assert found["predictions_total",] == 7
    assert found["prediction_duration_seconds_count",] == 2
    assert found["prediction_duration_seconds_sum",] == pytest.approx(0.04)
    assert found["prediction_requests_total",] == 3
    assert found["prediction_requests_rejected_total",] == 1
    assert found["evergreen_drifted_features_ratio",] == 0.25
    assert found["evergreen_feature_drift_ratio", ("feature", "city")] == 0.5
    assert found["evergreen_function_errors_total",] == 0
    assert found["evergreen_alarm_state", ("alarm", "crashed requests"), ("state", "ALARM")] == 0
    assert found["evergreen_model_info", ("model", "houses"), ("version", "v1")] == 1
    assert found["evergreen_cloudwatch_up",] == 1
    assert found["process_start_time_seconds",] > 0


def test_alarms_on_one_metric_on_an_expression_and_on_none_are_read(target, stack):
    of_metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": [{"Name": "F", "Value": "predict"}]}
    of_expression = [
        {"Id": "e", "Expression": "IF(least >= 20, value, 0)"},
        {
            "Id": "requests",
            "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "A"}, "Period": 60, "Stat": "Sum"},
        },
        {"Id": "value", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "B"}, "Period": 60, "Stat": "Sum"}},
    ]
    insights = [{"Id": "q", "Expression": "SELECT MAX(Errors) FROM N", "Period": 60}]
    described = {"one": of_metric, "expression": {"Metrics": of_expression}, "insights": {"Metrics": insights}}
    prefix = names.stack_name(target.environment)
    with Stubber(stack._cloudwatch) as stubber:
        stubber.add_response(
            "describe_alarms",
            {
                "MetricAlarms": [
                    {"AlarmName": f"{prefix} {name}", "StateValue": "OK", **more} for name, more in described.items()
                ]
            },
        )
        found = {alarm.name: alarm.metrics for alarm in stack.alarms()}

    assert found == {
        "one": {("AWS/Lambda", "Errors"): (("F", "predict"),)},
        "expression": {("N", "A"): (), ("N", "B"): ()},
        "insights": {},
    }


def test_a_read_calls_getmetricdata_once_also_when_it_is_throttled(stack):
    sent = []

    def throttled(request, **_):
        sent.append(request)
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "GetMetricData")

    reader, answered = Reader(stack, print), []
    stack._cloudwatch.meta.events.register("before-send.cloudwatch.GetMetricData", lambda **_: answered.append(1))
    for _ in range(3):
        reader.read()
    stack._cloudwatch.meta.events.register("before-send.cloudwatch.GetMetricData", throttled)
    snapshot = reader.read()

    assert (len(answered), len(sent), snapshot.cloudwatch_up) == (4, 1, False)


def test_while_nothing_answers_the_last_values_are_served(target, write):
    stack, told = Stack(target), []
    reader = Reader(stack, told.append)
    with serving(StackCollector(stack.model, reader.read), "127.0.0.1", 0) as port:
        served(f"http://127.0.0.1:{port}/metrics")
        write(names.PREDICTIONS, 5)
        served(f"http://127.0.0.1:{port}/metrics")
        served(f"http://127.0.0.1:{port}/metrics")
        for client in (stack._cloudwatch, stack._s3):
            client.meta.events.register("before-send", unreachable)
        status, _, found = served(f"http://127.0.0.1:{port}/metrics")

    assert status == 200
    assert found["predictions_total",] == 5
    assert found["evergreen_cloudwatch_up",] == 0
    assert found["evergreen_model_bucket_up",] == 0
    assert found["evergreen_cloudwatch_age_seconds",] >= 0
    assert told


def test_a_busy_port_and_a_host_that_is_not_here_are_said(stack):
    collector = StackCollector(stack.model, Reader(stack, print).read)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(CommandFailed, match=f"cannot listen on 127.0.0.1:{port}: Address already in use.*--port"),
            serving(collector, "127.0.0.1", port),
        ):
            pass
    with pytest.raises(CommandFailed, match="cannot listen on 192.0.2.1:"), serving(collector, "192.0.2.1", port):
        pass
    with pytest.raises(CommandFailed, match="cannot listen on no.such.host:"), serving(collector, "no.such.host", port):
        pass


@pytest.mark.usefixtures("target")
def test_an_environment_that_is_not_deployed_is_said():
    with pytest.raises(CommandFailed, match="there is no stack evergreen-nowhere in us-east-1. Deploy it with"):
        app(["export-metrics", "-e", "nowhere"], prog_name="evergreen")


@pytest.mark.parametrize("port", ["0", "65536", "ninety"])
def test_a_port_that_is_none_is_said(port, capsys):
    with pytest.raises(SystemExit) as ended:
        app(["export-metrics", "--port", port], prog_name="evergreen")

    assert ended.value.code == 2
    assert "--port" in capsys.readouterr().err
