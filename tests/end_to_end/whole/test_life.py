"""The whole life of a model, by the commands of the README alone, from an empty account to an empty one."""

import csv
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import boto3
import pytest

from cli.aws.endpoint import Endpoint
from cli.aws.target import CHECKOUT, Target
from cli.demo.telemetry import Captures
from cli.embedded import SETTINGS
from evergreen import names
from local.cloud import EmbeddedCloud
from local.environments import UNKIND
from tests.end_to_end.clouds import TOOLS

STACK = names.stack_name("dev")


class User:
    """Types commands in a folder with a table and a model.toml, as somebody whose account is an embedded cloud."""

    def __init__(self, folder: Path, cloud: EmbeddedCloud) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "EVERGREEN_"))}
        self.environment = {
            **kept,
            **cloud.environment(),
            **SETTINGS,
            "PATH": TOOLS,
            "CDK_HOME": str(folder / "cdk"),
            "CI": "true",
        }

    def types(self, command: str, *, fails: bool = False, folder: Path | None = None) -> str:
        """What a command prints. It must end well, or with exit code 1."""
        answer = subprocess.run(
            shlex.split(command),
            cwd=folder or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert answer.returncode == (1 if fails else 0), f"{command}:\n{answer.stdout[-6000:]}{answer.stderr[-6000:]}"
        assert "Traceback" not in answer.stderr
        return answer.stdout

    def deploys(self) -> None:
        """cdk deploy, of the model in the user's folder."""
        output = self.folder / "cdk.out"
        options = f"--require-approval never --output {output} -c settings={self.folder / 'model.toml'}"
        self.types(f"cdk deploy {STACK} {options}", folder=CHECKOUT)

    def findings(self, command: str, *, fails: bool = False) -> dict[str, dict[str, str]]:
        """Of a command with --json, by what was looked at."""
        document = json.loads(self.types(f"{command} --json", fails=fails))
        assert document["ok"] is not fails, document
        return {finding["check"]: finding for finding in document["findings"]}

    def changes(self, before: str, after: str) -> None:
        """A line of model.toml."""
        file = self.folder / "model.toml"
        text, count = re.subn(before, after, file.read_text(), flags=re.MULTILINE)
        assert count == 1, (before, file.read_text())
        file.write_text(text)


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    """An empty account, on a bad day."""
    monkeypatch.setenv(UNKIND, "1")
    with EmbeddedCloud(tmp_path / "cloud") as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


def write_rows(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def houses(file: str) -> list[dict[str, str]]:
    """Rows of a table of the demo with the price in the last column, and without what gives it away."""
    with (CHECKOUT / "data" / file).open(newline="") as stream:
        rows = [{name: cell for name, cell in row.items() if name != "volume"} for row in csv.DictReader(stream)]
    return [row for row in rows if row["median"]]


def served() -> str:
    """The version that answers."""
    return str(Endpoint(Target("dev", embedded=True)).model()["version"])


def test_a_model_lives_and_nothing_is_left_of_it(tmp_path, cloud):
    folder = tmp_path / "houses"
    (folder / "data").mkdir(parents=True)
    write_rows(folder / "data" / "houses.csv", houses("texas_2000_2006.csv"))
    user = User(folder, cloud)

    # init, doctor, bootstrap, deploy
    assert "Written: model.toml" in user.types("evergreen init data/houses.csv --target median --time date")
    missing = user.findings("evergreen doctor", fails=True)["CDK bootstrap"]
    (bootstrap,) = re.findall(r"cdk bootstrap aws://\S+", missing["remedy"])
    user.types(bootstrap)
    assert user.findings("evergreen doctor")["CDK bootstrap"]["status"] == "ok"
    user.deploys()

    # train, smoke: a first champion, and a better one
    user.changes(r"^type = \"hist_gradient_boosting\".*$", 'type = "decision_tree"\nparameters = { max_depth = 3 }')
    assert "first champion" in user.types("evergreen train")
    small = served()
    user.changes(r"^type = \"decision_tree\"\n.*$", 'type = "hist_gradient_boosting"')
    assert ": promoted" in user.types("evergreen train")
    # Within a minute, each instance looks for another champion.
    smoke = user.findings("evergreen smoke")
    assert smoke["removal"]["status"] == "ok"

    # predict, and tell what came of it
    rows = houses("texas_2007_2015.csv")
    years = [row for row in rows if row["year"] == "2010"]
    for row in years:
        row["listings"] = str(10 * float(row["listings"] or 1))
    write_rows(folder / "2010.csv", years)
    user.types("evergreen predict 2010.csv -o predicted.csv")
    with (folder / "predicted.csv").open(newline="") as stream:
        predicted = list(csv.DictReader(stream))
    assert [row["listings"] for row in predicted] == [row["listings"] for row in years]
    user.types("evergreen feedback predicted.csv --actual median")

    # drift
    captures = Captures(Target("dev", embedded=True))
    for prefix in (names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX):
        captures.await_records(prefix, [row["prediction_id"] for row in predicted])
    told = user.types("evergreen drift -o report.html")
    assert "Status: drift" in told
    assert "listings" in told
    assert "<!DOCTYPE html>" in (folder / "report.html").read_text()

    # roll back
    better = served()
    assert better != small
    user.types("evergreen rollback")
    assert served() == small

    # upgrade: what a deployment changes, and what it leaves as it is
    before = Target("dev", embedded=True).outputs
    (folder / "model.toml").open("a").write("\n[alarms]\nlatency_p99_ms = 321\n")
    user.deploys()
    assert Target("dev", embedded=True).outputs == before
    (latency,) = boto3.client("cloudwatch").describe_alarms(AlarmNames=[f"{STACK} latency"])["MetricAlarms"]
    assert latency["Threshold"] == 321
    assert served() == small

    # destroy
    left = user.findings("evergreen destroy --yes --delete-data")
    assert {finding["status"] for finding in left.values()} == {"ok"}, left
    assert [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"] if STACK in bucket["Name"]] == []
    assert user.findings("evergreen doctor")["stack"]["status"] == "ok"
