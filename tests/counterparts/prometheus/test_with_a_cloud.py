"""The real server scrapes the exporter of a stack in the embedded cloud, on a day on which CloudWatch throttles."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from cli.aws.checks import Checks
from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.registry import Registry
from cli.console import Steps
from cli.demo.replay import city_months, replay
from cli.demo.telemetry import Captures
from cli.embedded import deployed_cloud
from cli.metrics_export.exposition import StackCollector
from cli.metrics_export.reading import Reader
from cli.metrics_export.refreshing import Refresher
from cli.metrics_export.server import serving
from cli.metrics_export.stack import Stack
from evergreen import names
from local.environments import UNKIND
from tests.counterparts.prometheus.server import CHECKOUT, eventually, free_port, program, promtool, running
from tests.end_to_end.clouds import Deployed, environment


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A cloud with a champion. Each twentieth request to CloudWatch is throttled."""
    program("prometheus")
    home = tmp_path_factory.mktemp("prometheus") / "cloud"
    with environment({UNKIND: "1"}), deployed_cloud(home, Steps(), port=None) as (embedded, target):
        deployed = Deployed(embedded, target)
        assert deployed.train()["promote"]
        yield deployed


@contextmanager
def exporter(target, port):
    """The exporter, whose minute is a second."""
    stack = Stack(target)
    refresher = Refresher(Reader(stack, print).read, lambda: 60 * time.monotonic())
    with serving(StackCollector(stack.model, refresher.snapshot), "127.0.0.1", port):
        yield


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def server(port, tmp_path_factory):
    with running(tmp_path_factory.mktemp("server"), port) as started:
        yield started


def test_prometheus_sees_what_the_stack_does(trained, server, port):
    endpoint = Endpoint(trained.target)
    rows = city_months(2010, range(7, 13), endpoint.model()["contract"]["features"])
    start = datetime.now(UTC)
    with exporter(trained.target, port):
        eventually(lambda: server.value("predictions_total") == 0, "the exporter is scraped")
        replayed = replay(endpoint, rows, lambda _words: None)
        for _ in range(3):
            with pytest.raises(RequestRefused):
                endpoint.predict({"features": {"city": "Austin"}})
        server.await_value("predictions_total", len(rows))
        server.await_value("prediction_duration_seconds_count", 6)
        server.await_value("prediction_requests_total", 9)
        server.await_value("prediction_requests_rejected_total", 3)
        assert 0 < server.value("prediction_duration_seconds_sum") < 60
        assert server.value("prediction_errors_total") == 0
        assert server.query("evergreen_model_info * 1") == {
            (("model", "texas-house-prices"), ("version", Registry(trained.target).champions().present.version)): 1
        }
        # Every alarm of the stack is in one state.
        assert server.value("count(sum by (alarm) (evergreen_alarm_state) == 1)") == 14
        # The metrics of AWS's services are found by the alarms on them.
        assert server.value("evergreen_function_errors_total") == 0
        server.await_value("evergreen_capture_records_total > bool 0", 1)
        assert {"evergreen_function_throttles_total", "evergreen_gateway_errors_total", "evergreen_undone_work"} <= {
            dict(labels)["__name__"] for labels in server.query('{job="evergreen"}')
        }
        # Of the day: CloudWatch has throttled, and no scrape has failed for it.
        server.await_value("min_over_time(evergreen_cloudwatch_up[5m])", 0)
        assert server.value("up") == 1
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
    promtool("check", "metrics", text=text)

    # A drift check, then an exporter that starts anew: it knows what the check found, and counts from 0.
    Captures(trained.target).await_records(names.PREDICTIONS_PREFIX, replayed.prediction_ids)
    found = Checks(trained.target).run(start=start, end=datetime.now(UTC))
    assert found["status"] == "drift"
    with exporter(trained.target, port):
        server.await_value("evergreen_drift_detected", 1)
        server.await_value("evergreen_drifted_features_ratio", found["share"])
        moved = server.query("evergreen_feature_drift_ratio * 1")
        assert moved == {
            (("feature", feature["name"]),): pytest.approx(feature["distance"]) for feature in found["features"]
        }
        assert server.value("predictions_total") == 0
        server.await_value("resets(predictions_total[5m])", 1)
        server.await_value('ALERTS{alertname="EvergreenDrift", alertstate="firing"}', 1)
        server.await_value('evergreen_alarm_state{alarm="drift", state="ALARM"}', 1)
    rules = [rule for group in server.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}


@contextmanager
def command(*words):
    """The command itself, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "export-metrics", *words],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.usefixtures("trained")
def test_the_command_serves_until_it_is_told_to_stop_and_says_what_is_wrong():
    port = str(free_port())
    with command("--port", port) as process:
        assert f"http://127.0.0.1:{port}/metrics" in process.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain; version=")
            assert b"predictions_total 0.0" in answer.read()
        with command("--port", port) as second:
            _, said = second.communicate(timeout=30)
            assert (second.returncode, "Address already in use" in said) == (1, True)
        process.send_signal(signal.SIGTERM)
        assert (process.wait(30), "Stopped" in process.stdout.read()) == (0, True)
    with command("-e", "nowhere") as process:
        _, said = process.communicate(timeout=30)
        assert (process.returncode, "there is no stack evergreen-nowhere" in said) == (1, True)
