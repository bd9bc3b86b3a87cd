"""A model with a feature store renews itself as any other: what was joined at prediction comes back as rows."""

import shutil
import subprocess
import sys

import pandas as pd
import pytest

from cli.aws.registry import Registry
from cli.aws.renewals import Renewals
from cli.aws.target import CHECKOUT
from cli.demo.telemetry import Captures
from cli.main import app
from evergreen import names
from evergreen.renewal.ledger import KEPT, PROMOTED
from evergreen.versions.data_version import of_path
from functions.model_store import ModelStore
from tests.end_to_end.feature_store.conftest import TABLE
from tests.end_to_end.workflow import Workflow

# What houses cost in the new world, against the one that the champion knows; a bit more with each period.
FIRST, SECOND = 2.0, 2.1


@pytest.fixture
def workflow(store):
    workflow = Workflow(store.deployed)
    workflow.machine = store.deployed.target.outputs[names.OUTPUT_RENEWAL_WORKFLOW]
    return workflow


def live(store, prices, times):
    """Ask for cities by their names alone, and tell what houses there cost."""
    answers = store.endpoint.predict({"instances": [{"entities": {"city": city}} for city in prices["city"]]})
    ids = [answer["prediction_id"] for answer in answers["predictions"]]
    truths = zip(ids, prices["median"], strict=True)
    store.endpoint.feedback({"labels": [{"prediction_id": id_, "actual": times * price} for id_, price in truths]})
    captures = Captures(store.deployed.target)
    captures.await_records(names.PREDICTIONS_PREFIX, ids)
    captures.await_records(names.FEEDBACK_PREFIX, ids)


def bundle_of(store, champion):
    models = ModelStore(store.deployed.target.client("s3"), store.deployed.target.outputs[names.OUTPUT_MODEL_BUCKET])
    return models.bundle(champion.bundle)


def test_predictions_by_name_alone_become_rows_that_a_challenger_is_fitted_to(store, workflow):
    table = pd.read_csv(TABLE)
    newest = table[table["date"] >= "2006-06"].dropna()
    before = Registry(store.deployed.target).champions().present
    for month in sorted(newest["date"].unique()):
        live(store, newest[newest["date"] == month], FIRST)
    # The rows that it is judged on come after those that it learns from.
    ended = workflow.run({"reason": "the world has changed"})
    assert ended["status"] == "SUCCEEDED", ended
    for month in sorted(newest["date"].unique()):
        live(store, newest[newest["date"] == month], SECOND)

    app(["renew"], prog_name="evergreen", standalone_mode=False)

    run = Renewals(store.deployed.target).ledger().runs[-1]
    assert run.outcome == PROMOTED, run.told
    champion = Registry(store.deployed.target).champions().present
    assert champion.version == run.promoted != before.version
    gates = {gate["name"]: gate for gate in Registry(store.deployed.target).find(run.promoted).decision["gates"]}
    assert gates["features"]["passed"], gates["features"]
    contract = bundle_of(store, champion).model().contract
    assert contract.stored == bundle_of(store, before).model().contract.stored
    store.endpoint.await_version(run.promoted, lambda _: None)
    known = {"features": store.newest("Austin")}
    assert store.endpoint.predict({"entities": {"city": "Austin"}})["prediction"] == pytest.approx(
        store.endpoint.predict(known)["prediction"]
    )


def test_new_data_is_joined_and_trained_on_by_itself(store, workflow, monkeypatch):
    monkeypatch.chdir(store.folder)
    for file in (".dvc/config", ".dvc/.gitignore", ".dvcignore"):
        (store.folder / file).parent.mkdir(exist_ok=True)
        shutil.copyfile(CHECKOUT / file, store.folder / file)
    subprocess.run(["git", "init", "--quiet"], cwd=store.folder, check=True)
    path = store.folder / TABLE.name
    pd.read_csv(TABLE).iloc[:-1].to_csv(path, index=False)
    subprocess.run([sys.executable, "-m", "dvc", "add", "--quiet", path.name], check=True)
    version = of_path(path).version
    runs = len(Renewals(store.deployed.target).ledger().runs)

    app(["data", "push"], prog_name="evergreen", standalone_mode=False)

    workflow.wait_until(lambda: len(Renewals(store.deployed.target).ledger().runs) > runs)
    workflow.wait_until(lambda: Renewals(store.deployed.target).ledger().runs[-1].outcome)
    run = Renewals(store.deployed.target).ledger().runs[-1]
    assert run.reason == f"new data: {version}"
    # It was joined, trained on and judged.
    assert (run.outcome, run.told[:4]) == (KEPT, "mape")
