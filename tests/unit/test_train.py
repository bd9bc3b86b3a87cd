"""Train: what it fits, what it measures, and the bundle that it leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_percentage_error

from evergreen import parity
from evergreen.bundle import HOLDOUT, LINEAGE, METRICS, MODEL, Bundle
from evergreen.errors import BrokenBundle, InvalidSettings
from evergreen.model_toml import read_settings
from training import prepare, train

CHECKOUT = Path(__file__).parents[2]
DATA = CHECKOUT / "data" / "texas_2000_2006.csv"


@pytest.fixture(scope="module")
def job_folder(tmp_path_factory) -> Path:
    """What SageMaker lays out for the training job, with Prepare's output in it."""
    base = tmp_path_factory.mktemp("ml")
    settings_file = base / "input" / "data" / "settings" / "model.toml"
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text((CHECKOUT / "model.toml").read_text())
    parts = prepare.prepare(prepare.read_table(DATA), read_settings(settings_file), file=DATA.name)
    prepare.write(parts, base / "input" / "data" / "prepared", data_file=DATA)
    return base


def run_job(base: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "SAGEMAKER_BASE_DIR": str(base),
        "MLFLOW_TRACKING_URI": f"sqlite:///{base}/mlflow.db",
        "TRAINING_IMAGE": "an/image:1",
    }
    command = [sys.executable, "-m", "training.train", *arguments]
    return subprocess.run(command, cwd=base, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def bundle(job_folder) -> Bundle:
    finished = run_job(job_folder, "--version", "v1", "--git_commit", "0a1b")
    assert finished.returncode == 0, finished.stderr
    return Bundle.read(lambda name: (job_folder / "model" / name).read_bytes())


def test_the_holdout_error_is_what_plain_scikit_learn_gives(bundle):
    table = pd.read_csv(DATA).dropna(subset=["median"]).sort_values("date", kind="stable")
    cut = table.date.iloc[int(len(table) * 0.8)]
    past, later = table[table.date < cut], table[table.date >= cut]
    cities = pd.CategoricalDtype(sorted(past.city.unique()))
    columns = ["city", "year", "month", "sales", "listings", "inventory"]
    model = HistGradientBoostingRegressor(max_iter=200, random_state=0, categorical_features="from_dtype")
    model.fit(past[columns].astype({"city": cities}), past["median"])
    predicted = model.predict(later[columns].astype({"city": cities}))

    assert bundle.metrics["holdout"]["mape"] == pytest.approx(
        mean_absolute_percentage_error(later["median"], predicted), rel=1e-12
    )


def test_every_holdout_row_is_served_as_scikit_learn_predicts_it(bundle):
    rows = list(bundle.holdout())

    assert len(rows) == bundle.metrics["rows"]["holdout_rows"] == 687
    assert parity.find_difference(bundle.model(), rows) is None


def test_lineage_names_what_the_version_came_from(bundle):
    lineage = bundle.lineage

    assert (lineage["version"], lineage["git_commit"], lineage["image"]) == ("v1", "0a1b", "an/image:1")
    assert lineage["data_sha256"] == bundle.metrics["rows"]["data_sha256"]
    assert lineage["libraries"]["scikit-learn"]
    assert lineage["mlflow_model_version"] == "1"


def test_the_run_is_in_mlflow_with_its_model_as_candidate(bundle, job_folder):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{job_folder}/mlflow.db")
    run = client.get_run(bundle.lineage["mlflow_run_id"])

    assert run.data.metrics["holdout_mape"] == pytest.approx(bundle.metrics["holdout"]["mape"])
    assert run.data.params["max_iter"] == "200"
    assert run.data.tags["data_sha256"] == bundle.lineage["data_sha256"]
    assert run.data.tags["git_commit"] == "0a1b"
    assert client.get_model_version_by_alias("texas-house-prices", "candidate").run_id == run.info.run_id


@pytest.mark.parametrize("name", [MODEL, HOLDOUT, METRICS, LINEAGE])
@pytest.mark.usefixtures("bundle")
def test_a_bundle_with_a_changed_file_is_refused(job_folder, name):
    files = {path.name: path.read_bytes() for path in (job_folder / "model").iterdir()}
    files[name] += b" "

    with pytest.raises(BrokenBundle, match=name):
        Bundle.read(files.__getitem__)


@pytest.mark.usefixtures("bundle")
def test_a_bundle_without_a_needed_file_is_refused(job_folder):
    files = {path.name: path.read_bytes() for path in (job_folder / "model").iterdir()}
    manifest = json.loads(files["manifest.json"])
    del manifest[MODEL]
    files["manifest.json"] = json.dumps(manifest).encode()

    with pytest.raises(BrokenBundle, match=r"lacks model\.json"):
        Bundle.read(files.__getitem__)


def test_a_failed_job_leaves_its_cause_where_sagemaker_looks_and_no_bundle(job_folder, tmp_path):
    inputs = tmp_path / "input" / "data"
    (inputs / "settings").mkdir(parents=True)
    (inputs / "prepared").symlink_to(job_folder / "input" / "data" / "prepared")
    text = (CHECKOUT / "model.toml").read_text().replace("max_iter = 200", "max_itr = 200")
    (inputs / "settings" / "model.toml").write_text(text)

    finished = run_job(tmp_path, "--version", "v1", "--git_commit", "0a1b")

    assert finished.returncode == 1
    message = (tmp_path / "output" / "failure").read_text()
    assert message == (
        "model.toml: estimator.parameters: HistGradientBoostingRegressor has no 'max_itr'; did you mean max_iter?"
    )
    assert not (tmp_path / "model").exists()


def test_a_value_that_the_estimator_refuses_is_said_in_its_words(job_folder):
    settings = read_settings(job_folder / "input" / "data" / "settings" / "model.toml")
    settings.estimator.parameters["learning_rate"] = -1.0
    parts = prepare.prepare(prepare.read_table(DATA), settings, file=DATA.name)

    with pytest.raises(InvalidSettings, match="learning_rate"):
        train.fit(parts.train, parts.contract, settings)
