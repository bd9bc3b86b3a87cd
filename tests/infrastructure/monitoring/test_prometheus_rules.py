"""The rules for Prometheus are the stack's alarms: the same ones, on the same metrics, with the same thresholds."""

import dataclasses
import json
import re

import pytest
import yaml
from aws_cdk import App

from app import of_the_stack
from cli.metrics_export.series import ALL, SERVICES, Kind
from infra.environments import ENVIRONMENTS
from infra.stacks import EvergreenStack
from tests.infrastructure.conftest import CHECKOUT, SETTINGS, WITH_FEATURES, Template, deployment_to
from tests.infrastructure.monitoring.metrics_shown import parts_of

RULES = yaml.safe_load((CHECKOUT / "integrations" / "prometheus" / "rules.yml").read_text())["groups"]
# Each view has a threshold of its own; the rule takes CloudWatch's word.
BY_STATE = "features stale"
# Milliseconds in CloudWatch, seconds in Prometheus.
IN_SECONDS = {"latency": 0.001}


@pytest.fixture(scope="module")
def alarms(tmp_path_factory):
    """The alarms of this checkout's model.toml, with a feature store, by their names after the stack's."""
    (dev,) = [environment for environment in ENVIRONMENTS if environment.name == "dev"]
    folder = tmp_path_factory.mktemp("rules")
    context = json.loads((CHECKOUT / "cdk.json").read_text())["context"]
    app = App(outdir=str(folder), context={**context, "aws:cdk:enable-path-metadata": True})
    # A view whose values go stale: that of the demo's features has values for ever.
    features = dataclasses.replace(of_the_stack(WITH_FEATURES).features, ttl_seconds={"city_market": 3600})
    settings = dataclasses.replace(of_the_stack(SETTINGS), features=features)
    EvergreenStack(app, deployment_to(dev, settings=settings))
    app.synth()
    template = Template(dev, folder / "evergreen-dev.template.json")
    return {
        found["AlarmName"].removeprefix("evergreen-dev ").removesuffix(" city_market"): found
        for found in template.properties("AWS::CloudWatch::Alarm").values()
    }


@pytest.fixture(scope="module")
def rules():
    """Those that stand for an alarm, by its name."""
    all_ = [rule for group in RULES for rule in group["rules"]]
    return {rule["labels"]["alarm"]: rule for rule in all_ if "alarm" in rule["labels"]}


def metrics_of(alarm):
    """The metrics of CloudWatch that an alarm looks at."""
    return {part["MetricStat"]["Metric"]["MetricName"] for part in parts_of(alarm)} or {alarm["MetricName"]}


def metrics_in(expression):
    """The metrics of CloudWatch that a rule's series come from."""
    words = set(re.findall(r"\w+", expression))
    return {series.metric for series in ALL if words & names_of(series)}


def names_of(series):
    """Those that it has in Prometheus."""
    if series.kind is Kind.COUNTER:
        return {f"{series.name}_total"}
    if series.kind is Kind.DURATION:
        return {series.name, f"{series.name}_count", f"{series.name}_sum", series.window_requests}
    return {series.name}


def test_each_alarm_has_a_rule_and_each_rule_an_alarm(alarms, rules):
    assert rules.keys() == alarms.keys()


def test_what_is_no_alarm_of_the_stack_is_about_the_exporter():
    others = [rule["alert"] for group in RULES for rule in group["rules"] if "alarm" not in rule["labels"]]

    assert others == ["EvergreenExporterDown", "EvergreenCloudWatchUnread"]


def test_each_metric_of_aws_is_found_by_an_alarm_that_looks_at_it(alarms):
    for series in SERVICES:
        assert series.metric in metrics_of(alarms[series.alarm]), series.name


def test_each_rule_is_on_the_metrics_of_its_alarm(alarms, rules):
    of_rules = {name: metrics_in(rule["expr"]) for name, rule in rules.items() if name != BY_STATE}
    of_alarms = {name: metrics_of(alarm) for name, alarm in alarms.items() if name != BY_STATE}

    assert of_rules == of_alarms


def test_each_rule_has_the_threshold_of_its_alarm(alarms, rules):
    signs = {"GreaterThanThreshold": ">", "LessThanThreshold": "<"}
    of_rules, of_alarms = {}, {}
    for name, alarm in alarms.items():
        if name == BY_STATE:
            continue
        (sign, threshold), *_ = re.findall(r" ([<>]) ([\d.]+)", rules[name]["expr"])
        of_rules[name] = (sign, float(threshold))
        of_alarms[name] = (signs[alarm["ComparisonOperator"]], alarm["Threshold"] * IN_SECONDS.get(name, 1))

    assert of_rules == of_alarms


def test_each_rule_asks_for_as_many_requests_as_its_alarm(alarms, rules):
    least = {
        name: int(re.search(r"IF\(requests >= (\d+),", part["Expression"])[1])
        for name, alarm in alarms.items()
        for part in alarm.get("Metrics", [])
        if "Expression" in part
    }

    assert least
    assert {name: int(found[1]) for name in rules if (found := re.search(r">= (\d+)", rules[name]["expr"]))} == least


def test_each_rule_looks_as_long_as_its_alarm(alarms, rules):
    """At counters and what waits; a check's result holds until the next."""
    for name, alarm in alarms.items():
        parts = [part["MetricStat"] for part in parts_of(alarm)] or [alarm]
        for minutes in re.findall(r"\[(\d+)m\]", rules[name]["expr"]):
            assert {part["Period"] for part in parts} == {int(minutes) * 60}, name
        lasting = int(rules[name].get("for", "0m").removesuffix("m")) * 60
        assert lasting == (alarm["EvaluationPeriods"] - 1) * parts[0].get("Period", 0), name


def test_each_rule_names_a_heading_of_the_runbook():
    headings = re.findall(r"(?m)^##+ (.+)$", (CHECKOUT / "docs" / "runbook.md").read_text())
    anchors = {
        f"docs/runbook.md#{re.sub(r'[^a-z0-9 -]', '', heading.lower()).replace(' ', '-')}" for heading in headings
    }

    assert {rule["annotations"]["runbook"] for group in RULES for rule in group["rules"]} == anchors
