"""What the dashboards for Grafana draw is what the stack writes, and what the exporter gives."""

import json
import re

import pytest
import yaml

from cli.metrics_export.series import ALL, Kind
from evergreen import names
from tests.infrastructure.conftest import CHECKOUT
from tests.infrastructure.monitoring.metrics_shown import of_alarms, of_dashboard

FOLDER = CHECKOUT / "integrations" / "grafana" / "provisioning"
OWN = names.metric_namespace("$environment")
# What the exporter says beside the series.
OF_THE_EXPORTER = {
    "evergreen_cloudwatch_up",
    "evergreen_cloudwatch_age_seconds",
    "evergreen_model_info",
    "evergreen_alarm_state",
}


def dashboard(source):
    return json.loads((FOLDER / "dashboards" / f"evergreen-{source}.json").read_text())


def panels(source):
    return [panel for panel in dashboard(source)["panels"] if panel["type"] != "row"]


def targets(source):
    return [target for panel in panels(source) for target in panel["targets"]]


def names_of(series):
    if series.kind is Kind.COUNTER:
        return {f"{series.name}_total"}
    return {series.name}


def drawn():
    """Namespace, name and dimensions of each metric of CloudWatch that is drawn."""
    return {
        (target["namespace"], target["metricName"], frozenset(target["dimensions"])): target["dimensions"]
        for target in targets("cloudwatch")
    }


def test_each_metric_of_ours_is_drawn_with_the_dimensions_that_it_is_written_with():
    written = {
        (OWN, series.metric, frozenset({"service", series.label} - {""})): series.service
        for series in ALL
        if not series.alarm
    }

    ours = {metric: dimensions["service"] for metric, dimensions in drawn().items() if metric[0] == OWN}
    assert ours == written


def test_each_metric_of_awss_is_one_that_the_stacks_own_dashboard_or_an_alarm_looks_at(templates_with_features):
    template = templates_with_features["dev"]
    known = {
        (namespace, metric, frozenset(dimensions))
        for namespace, metric, dimensions in (*of_dashboard(template), *of_alarms(template))
    }

    of_aws = {metric for metric in drawn() if metric[0] != OWN}
    assert of_aws <= known
    assert {namespace for namespace, *_ in of_aws} == {
        "AWS/ApiGateway",
        "AWS/Firehose",
        "AWS/Lambda",
        "AWS/SQS",
        "AWS/States",
    }


@pytest.mark.parametrize(
    ("variable", "type_"),
    [
        ("function", "AWS::Lambda::Function"),
        ("stream", "AWS::KinesisFirehose::DeliveryStream"),
        ("queue", "AWS::SQS::Queue"),
        ("workflow", "AWS::StepFunctions::StateMachine"),
    ],
)
def test_a_variable_finds_one_resource_by_the_name_that_cloudformation_makes(templates_with_features, variable, type_):
    (found,) = [each for each in dashboard("cloudwatch")["templating"]["list"] if each["name"] == variable]
    pattern = found["regex"].strip("/").replace("$environment", "dev")
    resources = templates_with_features["dev"].document["Resources"]
    ids = [id_ for id_, resource in resources.items() if resource["Type"] == type_]
    made = [f"{prefix}{id_}-1A2B3C" for id_ in ids for prefix in ("evergreen-dev-", "arn:aws:states:r:1:stateMachine:")]

    assert sum(bool(re.search(pattern, name)) for name in made) == 1


def test_every_variable_of_a_query_is_there():
    for source in ("cloudwatch", "prometheus"):
        known = {variable["name"] for variable in dashboard(source)["templating"]["list"]}
        used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(dashboard(source))))
        assert used <= known, source


def test_each_expression_names_metrics_that_the_exporter_gives():
    given = OF_THE_EXPORTER | {name for series in ALL for name in names_of(series)}
    for target in targets("prometheus"):
        named = set(re.findall(r"\b(?:evergreen|prediction)\w+", re.sub(r'"[^"]*"', "", target["expr"])))
        assert named, target
        assert named <= given, target


def test_all_that_the_exporter_says_of_the_stack_is_drawn():
    expressions = " ".join(target["expr"] for target in targets("prometheus"))
    left_out = {series.name for series in ALL if not any(name in expressions for name in names_of(series))}

    # The number of looks is only needed to know whether all have failed.
    assert left_out == {"evergreen_champion_looks"}


@pytest.mark.parametrize("source", ["cloudwatch", "prometheus"])
def test_each_panel_reads_the_source_that_is_provisioned_and_has_a_number_of_its_own(source):
    sources = yaml.safe_load((FOLDER / "datasources" / "evergreen.yml").read_text())["datasources"]
    (uid,) = [each["uid"] for each in sources if each["type"] == source]
    numbers = [panel["id"] for panel in dashboard(source)["panels"]]

    assert {(panel["datasource"]["type"], panel["datasource"]["uid"]) for panel in panels(source)} == {(source, uid)}
    assert len(set(numbers)) == len(numbers)
    assert 0 not in numbers


@pytest.mark.parametrize("source", ["cloudwatch", "prometheus"])
def test_each_alarm_is_linked_to_what_to_do_about_it(source):
    headings = re.findall(r"(?m)^##+ (.+)$", (CHECKOUT / "docs" / "runbook.md").read_text())
    anchors = {f"${{runbook}}#{heading.lower().replace(' ', '-')}" for heading in headings}
    linked = {link["url"] for panel in panels(source) for link in panel["links"]}
    of_the_exporter = {anchor for anchor in anchors if "answer" in anchor}

    assert linked == (anchors if source == "prometheus" else anchors - of_the_exporter)
