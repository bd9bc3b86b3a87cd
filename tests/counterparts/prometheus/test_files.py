"""The files of integrations/prometheus and all that the exporter can say, as Prometheus's own tool judges them."""

import math
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest

from cli.metrics_export.exposition import StackCollector
from cli.metrics_export.series import ALL, QUANTILES, Kind
from cli.metrics_export.snapshot import Duration, Snapshot
from evergreen.versions.champion import Champion
from tests.counterparts.prometheus.server import promtool


def test_the_configuration_is_right():
    promtool("check", "config", "prometheus.yml")


def test_the_rules_are_right_and_fire_when_they_should():
    promtool("check", "rules", "rules.yml")
    promtool("test", "rules", "rules_test.yml")


def test_every_metric_is_named_as_prometheus_wants_it():
    moment = datetime.now(UTC)
    everything = Snapshot(
        values={(series.name, "x" if series.label else ""): 1.0 for series in ALL if series.kind is not Kind.DURATION},
        durations={
            series.name: Duration(count=1, seconds=1, quantiles=dict.fromkeys(QUANTILES, math.nan), window_requests=1)
            for series in ALL
            if series.kind is Kind.DURATION
        },
        alarms={"latency": "OK"},
        champion=Champion(version="v1", bundle="b/", digest="d", promoted_at=moment.isoformat()),
        metrics_at=moment,
    )
    registry = CollectorRegistry()
    registry.register(StackCollector("houses", lambda: everything))

    promtool("check", "metrics", text=generate_latest(registry).decode())
