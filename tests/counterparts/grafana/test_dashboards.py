"""The dashboards that are committed are made by their code, have Grafana's types, and ask what Prometheus understands.

There is no Grafana server here.
"""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.counterparts.prometheus.server import program

CHECKOUT = Path(__file__).resolve().parents[3]
COMMITTED = CHECKOUT / "integrations" / "grafana" / "provisioning" / "dashboards"
DASHBOARDS = sorted(COMMITTED.glob("*.json"))
PYTHON = CHECKOUT / ".venv-integrations" / "grafana" / "bin" / "python"


@pytest.fixture
def sdk():
    """Runs a program with the foundation SDK; returns what it answers."""
    if not PYTHON.exists():
        pytest.skip("there is no .venv-integrations/grafana: run make test-integrations")

    def run(*words, text=""):
        return subprocess.run(
            [PYTHON, *words], cwd=CHECKOUT, input=text, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_what_is_committed_is_what_the_code_makes(sdk, tmp_path):
    answer = sdk("-m", "integrations.grafana.dashboards", "--output", str(tmp_path))

    assert answer.returncode == 0, answer.stderr
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_text() for file in DASHBOARDS}


def test_panels_link_to_the_runbook_that_is_named(sdk, tmp_path):
    address = "https://runbooks.example.com/evergreen"
    sdk("-m", "integrations.grafana.dashboards", "--output", str(tmp_path), "--runbook", address)

    for file in tmp_path.iterdir():
        variables = {each["name"]: each for each in json.loads(file.read_text())["templating"]["list"]}
        assert variables["runbook"]["query"] == address


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_a_dashboard_has_the_types_of_grafanas_schema(sdk, file):
    answer = sdk("-m", "tests.counterparts.grafana.round_trip", text=file.read_text())

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == json.loads(file.read_text())


@pytest.mark.parametrize("path", ["title", "unknown", "fieldConfig defaults unit", "targets 0 metricName"])
def test_a_dashboard_of_other_types_is_noticed(sdk, path):
    """The test above has to be able to fail."""
    document = json.loads((COMMITTED / "evergreen-cloudwatch.json").read_text())
    place = next(panel for panel in document["panels"] if panel["type"] == "timeseries")
    *folders, last = path.split()
    for folder in folders:
        place = place[int(folder) if folder.isdigit() else folder]
    place[last] = 7
    answer = sdk("-m", "tests.counterparts.grafana.round_trip", text=json.dumps(document))

    assert answer.returncode != 0 or json.loads(answer.stdout) != document


def test_prometheus_understands_every_expression(tmp_path):
    panels = json.loads((COMMITTED / "evergreen-prometheus.json").read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    rules = [{"record": f"panel:{number}", "expr": expression} for number, expression in enumerate(expressions)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    words = [program("promtool"), "check", "rules", str(tmp_path / "rules.yml")]
    answer = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert answer.returncode == 0, answer.stderr
    assert f"{len(expressions)} rules found" in answer.stdout
