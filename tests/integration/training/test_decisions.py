"""A bundle with a decision: what is served, measured, shown and logged."""

import dataclasses
import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from evergreen.judging import parity
from evergreen.settings.model_toml import read_settings
from evergreen.versions.bundle import MODEL, Bundle
from evergreen.versions.data_version import of_path
from tests.integration.training.houses import houses
from training import prepare, train

SETTINGS = """
name = "houses"
task = "classification"
metric = "log_loss"

positive = "dear"
[data]
path = "houses.csv"
target = "price"
group = "city"

[split]
type = "time"
by = "day"

[estimator]
type = "logistic"
"""
DECISION = """
[decision]
threshold = { false_positive = 1, false_negative = 20 }
"""


def trained(folder: Path, settings: str) -> Bundle:
    # MLflow's model takes dates as numbers.
    frame = houses().drop(columns="listed")
    frame = frame.assign(
        city=frame.city.fillna("none"), price=(frame.price > 180_000).map({True: "dear", False: "fair"})
    )
    frame.to_csv(folder / "houses.csv", index=False)
    (folder / "model.toml").write_text(settings)
    prepare.run(of_path(folder / "houses.csv"), read_settings(folder / "model.toml"), folder / "prepared")
    train.run(folder / "prepared", folder / "model.toml", folder / "model", version="v1", git_commit="0a1b")
    return Bundle.read(lambda name: (folder / "model" / name).read_bytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("decided")


@pytest.fixture(scope="module")
def bundle(folder) -> Bundle:
    with pytest.MonkeyPatch.context() as patch:
        # MLflow keeps artifacts in the folder that it runs in.
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        try:
            return trained(folder, SETTINGS + DECISION)
        finally:
            mlflow.set_tracking_uri(None)


def test_every_holdout_row_is_served_as_it_was_decided(bundle):
    rows = list(bundle.holdout())
    threshold = bundle.metrics["decision"]["threshold"]

    assert parity.find_difference(bundle.model(), rows) is None
    assert [row.predicted for row in rows] == ["dear" if row.probabilities[0] >= threshold else "fair" for row in rows]
    assert any((row.predicted == "dear") != (row.probabilities[0] > 0.5) for row in rows)
    assert {row.predicted for row in rows} == {"dear", "fair"}


def test_a_decision_that_is_not_the_thresholds_is_refused_by_the_gate(bundle):
    model = bundle.model()
    changed = [
        dataclasses.replace(row, predicted="dear" if row.predicted == "fair" else "fair") for row in bundle.holdout()
    ]

    assert "differs from scikit-learn" in parity.find_difference(model, changed)


def test_the_metrics_say_the_threshold_how_it_was_chosen_and_what_it_costs(bundle):
    found = bundle.metrics["decision"]
    pairs = [(row.predicted, row.actual) for row in bundle.holdout()]
    false, missed = pairs.count(("dear", "fair")), pairs.count(("fair", "dear"))

    assert (found["chosen"], found["folds"], found["positive"]) == ("cost", "time", "dear")
    assert (found["holdout"]["false_positive"], found["holdout"]["false_negative"]) == (false, missed)
    assert found["holdout"]["cost"] == pytest.approx((false + 20 * missed) / len(pairs))
    assert found["holdout"]["cost"] < min(found["always"].values())
    assert b"Decisions on the holdout" in bundle.files["model_card.md"]


def test_mlflow_has_the_threshold_and_a_model_that_decides_by_it(bundle, folder):
    uri = f"sqlite:///{folder}/mlflow.db"
    run = mlflow.MlflowClient(uri).get_run(bundle.lineage["mlflow_run_id"])
    rows = list(bundle.holdout())
    mlflow.set_tracking_uri(uri)
    try:
        loaded = mlflow.pyfunc.load_model("models:/houses@candidate")
    finally:
        mlflow.set_tracking_uri(None)

    assert run.data.params["decision_threshold"] == str(bundle.metrics["decision"]["threshold"])
    assert run.data.params["estimator"] == "LogisticRegression"
    assert loaded.predict(pd.DataFrame([row.features for row in rows])).tolist() == [row.predicted for row in rows]


def test_without_a_decision_nothing_of_it_is_written(bundle, tmp_path):
    plain = trained(tmp_path, SETTINGS)
    with_it, without = json.loads(bundle.files[MODEL]), json.loads(plain.files[MODEL])

    assert "decision" not in plain.metrics
    assert {**with_it, "format": 1, "decision": None} == {**without, "decision": None}
