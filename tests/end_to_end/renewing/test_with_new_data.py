"""New data in the bucket is trained on by itself, once, and nothing that a training has uploaded is.

It comes after the story of test_renewal.py, in the same cloud. Each event comes twice there.
"""

import html
import json
import shutil
import subprocess
import sys

import mlflow
import pytest

from cli.aws.cards import Cards
from cli.aws.registry import Registry
from evergreen import names, tracking
from evergreen.renewal.ledger import FAILED, PROMOTED
from evergreen.versions.data_version import news_key, of_path
from tests.end_to_end.renewing.conftest import houses
from tests.end_to_end.renewing.test_renewal import evergreen
from tests.end_to_end.workflow import Workflow

# A world that no champion of the other files knows.
PRICE = 3500


class Table:
    """The table as the one who brings it sees it: in a DVC repository, in Git."""

    def __init__(self, model):
        self.model = model
        self.path = model.folder / "houses.csv"

    def write(self, rows):
        """The version that the rows are."""
        rows.to_csv(self.path, index=False)
        subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", self.path.name], check=True)
        return of_path(self.path).version

    def starts(self):
        """The executions that S3's events have started, by their ARNs."""
        states = self.model.workflow.states
        listed = states.list_executions(stateMachineArn=self.model.workflow.machine)["executions"]
        found = [states.describe_execution(executionArn=each["executionArn"]) for each in listed]
        return {each["executionArn"]: each for each in found if "note" in json.loads(each["input"])}

    def await_ends(self, more_than):
        """The executions that the events of one more version have started, once all of them have ended."""
        self.model.workflow.wait_until(lambda: len(self.starts()) >= len(more_than) + 2)
        self.model.workflow.wait_until(lambda: all(each["status"] != "RUNNING" for each in self.starts().values()))
        return [each for arn, each in self.starts().items() if arn not in more_than]


@pytest.fixture(scope="module")
def table(model, checkout):
    for file in (".dvc/config", ".dvc/.gitignore", ".dvcignore"):
        (model.folder / file).parent.mkdir(exist_ok=True)
        shutil.copyfile(checkout / file, model.folder / file)
    subprocess.run(["git", "init", "--quiet"], cwd=model.folder, check=True)
    return Table(model)


def test_data_that_is_pushed_is_trained_on_once_with_its_reason(model, table, capsys, tmp_path):
    runs, starts, champion = model.ledger().runs, table.starts(), model.workflow.champion()["version"]
    version = table.write(houses(500, PRICE, seed=50))

    evergreen(capsys, "data", "push")

    executions = table.await_ends(starts)
    assert [each["status"] for each in executions] == 2 * ["SUCCEEDED"]
    told = [json.loads(each["output"]).get("told", "") for each in executions]
    assert sorted(told) == ["", f"{version} has had its training"]
    run = model.ledger().runs[-1]
    assert len(model.ledger().runs) == len(runs) + 1
    assert (run.reason, run.outcome) == (f"new data: {version}", PROMOTED), run.told
    assert 0 < run.dollars < 1
    assert run.promoted == model.workflow.champion()["version"] != champion
    assert model.ledger().champion.version == run.promoted
    message = model.inbox.receive(f"The renewal {run.version} of houses")
    assert message.subject == f"Evergreen dev: houses renewed by {run.promoted}"
    assert f"began because of this: new data: {version}." in message.message
    assert "new data:" in evergreen(capsys, "renewals")
    cards, registry = Cards(model.deployed.target), Registry(model.deployed.target)
    assert registry.find(run.promoted).decision["trigger"] == run.reason
    card, *_ = cards.write_card(cards.find(run.promoted), tmp_path / "card.html")
    assert f"It was trained because of this: new data: {version}." in html.unescape(card.read_text())
    client = mlflow.MlflowClient(model.deployed.embedded.tracking_uri)
    promoted = client.get_model_version_by_alias("houses", tracking.CHAMPION)
    assert client.get_run(promoted.run_id).data.tags[tracking.TRIGGER_TAG] == run.reason


def test_what_is_trained_on_by_hand_is_not_trained_on_again(model, table, capsys):
    runs, starts = model.ledger().runs, table.starts()
    version = table.write(houses(510, PRICE, seed=51))

    assert "promoted" in evergreen(capsys, "train")
    evergreen(capsys, "data", "push")

    listed = model.workflow.s3.list_objects_v2(
        Bucket=model.deployed.target.outputs[names.OUTPUT_DATA_BUCKET], Prefix=names.DATA_PREFIX
    )["Contents"]
    keys = {each["Key"] for each in listed}
    assert any(version in key for key in keys)
    assert news_key(version) not in keys
    assert (model.ledger().runs, table.starts().keys()) == (runs, starts.keys())


def test_what_somebody_trains_on_meanwhile_is_not_trained_on_again(model, table):
    runs, starts = model.ledger().runs, table.starts()
    version = table.write(houses(520, PRICE, seed=54))
    training = Workflow(model.deployed)
    execution = training.start(training.input(model.folder / "model.toml"))
    training.wait_until(lambda: training.holder() == execution)

    # As if it had been pushed from another clone at this moment.
    bucket = model.deployed.target.outputs[names.OUTPUT_DATA_BUCKET]
    training.s3.put_object(Bucket=bucket, Key=news_key(version), Body=b"")

    told = [json.loads(each["output"])["told"] for each in table.await_ends(starts)]
    assert told == 2 * [f"{version} has had its training"]
    assert training.end_of(execution)["status"] == "SUCCEEDED"
    assert model.ledger().runs == runs


def test_a_table_without_a_column_is_told_and_changes_nothing(model, table, capsys):
    starts, champion = table.starts(), model.workflow.champion()
    version = table.write(houses(500, PRICE, seed=52).rename(columns={"price": "cost"}))

    evergreen(capsys, "data", "push")

    statuses = sorted(each["status"] for each in table.await_ends(starts))
    assert statuses == ["FAILED", "SUCCEEDED"]
    run = model.ledger().runs[-1]
    assert (run.reason, run.outcome) == (f"new data: {version}", FAILED)
    message = model.inbox.receive(f"Renewal version {run.version} of houses failed at PrepareTable")
    assert "'price'" in message.message
    assert f"The champion is unchanged. The renewal began because of this: new data: {version}." in message.message
    assert model.workflow.champion() == champion
    assert model.workflow.holder() == ""


def test_while_renewal_is_paused_new_data_is_told_and_waits_for_a_person(model, table, capsys):
    runs, starts = model.ledger().runs, table.starts()
    evergreen(capsys, "pause", "--why", "Ann looks at it")
    version = table.write(houses(500, PRICE, seed=53))

    evergreen(capsys, "data", "push")

    assert [each["status"] for each in table.await_ends(starts)] == 2 * ["SUCCEEDED"]
    message = model.inbox.receive(version)
    assert message.subject == "Evergreen dev: houses not trained on new data"
    assert "Why: renewal is paused: Ann looks at it" in message.message
    assert f"evergreen train -e dev --data {version}" in message.message
    evergreen(capsys, "resume")
    assert model.ledger().runs == runs
