"""docs/integrations/prometheus.md names every metric, and what reading them costs."""

from datetime import timedelta
from pathlib import Path

import pytest

from cli.metrics_export.metrics import SELDOM
from cli.metrics_export.refreshing import EVERY
from cli.metrics_export.series import ALL, CHECKS, REQUESTS, SERVICES, STORED_FEATURES, Kind

PAGE = (Path(__file__).parents[3] / "docs" / "integrations" / "prometheus.md").read_text()
# US dollars for a metric that is asked for, whatever its statistics, up to five of them.
PRICE = 0.01 / 1000
MONTH = timedelta(hours=730)


def billed(series):
    """How many metrics AWS counts: those of one name and one service are one."""
    return len({(each.service, each.metric) for each in series})


def dollars(metrics, every):
    return f"{metrics * (MONTH / every) * PRICE:.2f}"


@pytest.mark.parametrize("series", ALL, ids=lambda series: series.name)
def test_each_metric_is_named(series):
    assert f"`{series.name}{'_total' if series.kind is Kind.COUNTER else ''}`" in PAGE


def test_the_cost_is_that_of_what_is_asked_for():
    minute = timedelta(seconds=EVERY)
    often = billed([*REQUESTS, *SERVICES])
    seldom = billed([series for series in CHECKS if not series.label])
    assert f"| {often} metrics of the endpoint and of AWS's services, each minute | {dollars(often, minute)} |" in PAGE
    assert f"| {seldom} metrics of checks, every ten minutes | {dollars(seldom, SELDOM)} |" in PAGE
    assert f"| drift by feature, every ten minutes | {dollars(1, SELDOM)} for each feature |" in PAGE

    stored = billed([series for series in STORED_FEATURES if not series.label])
    views = billed([series for series in STORED_FEATURES if series.label])
    words = f"{stored} metrics each minute; {views} for each view, every ten minutes"
    assert f"{words} | {dollars(stored, minute)}; {dollars(views, SELDOM)} for each view |" in PAGE
