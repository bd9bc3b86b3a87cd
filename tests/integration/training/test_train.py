"""Train: what it fits, what it measures, and the bundle that it leaves."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_percentage_error

from evergreen.errors import BrokenBundle, InvalidSettings
from evergreen.judging import parity
from evergreen.metrics import metric_of
from evergreen.settings.model_toml import read_settings
from evergreen.versions.bundle import HOLDOUT, LINEAGE, METRICS, MODEL, Bundle
from evergreen.versions.data_version import of_path
from training import prepare, train
from training.reading.table import read_table

CHECKOUT = Path(__file__).parents[3]
DATA = CHECKOUT / "data" / "texas_2000_2006.csv"


@pytest.fixture(scope="module")
def job_folder(tmp_path_factory) -> Path:
    """What SageMaker lays out for the training job, with Prepare's output in it."""
    base = tmp_path_factory.mktemp("ml")
    settings_file = base / "input" / "data" / "settings" / "model.toml"
    settings_file.parent.mkdir(parents=True)
    settings_file.write_text((CHECKOUT / "model.toml").read_text())
    prepare.run(of_path(DATA), read_settings(settings_file), base / "input" / "data" / "prepared")
    return base


def run_job(base: Path, *arguments: str, tracked: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "SAGEMAKER_BASE_DIR": str(base),
        "TRAINING_IMAGE": "an/image:1",
    }
    environment.pop("MLFLOW_TRACKING_URI", None)
    if tracked:
        environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{base}/mlflow.db"
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
    assert lineage["data_version"] == hashlib.md5(DATA.read_bytes()).hexdigest()
    assert lineage["doubts"] == []
    assert lineage["libraries"]["scikit-learn"]
    assert lineage["mlflow_model_version"] == "1"


def test_the_run_is_in_mlflow_with_its_model_as_candidate(bundle, job_folder):
    client = mlflow.MlflowClient(f"sqlite:///{job_folder}/mlflow.db")
    run = client.get_run(bundle.lineage["mlflow_run_id"])

    assert run.data.metrics["holdout_mape"] == pytest.approx(bundle.metrics["holdout"]["mape"])
    assert run.data.params["max_iter"] == "200"
    assert run.data.tags["data_version"] == bundle.lineage["data_version"]
    assert run.data.tags["git_commit"] == "0a1b"
    assert client.get_model_version_by_alias("texas-house-prices", "candidate").run_id == run.info.run_id


def test_the_data_sets_and_documents_are_on_the_run(bundle, job_folder):
    client = mlflow.MlflowClient(f"sqlite:///{job_folder}/mlflow.db")
    run = client.get_run(bundle.lineage["mlflow_run_id"])
    used = {tag.value: given.dataset for given in run.inputs.dataset_inputs for tag in given.tags}
    documents = {file.path for file in client.list_artifacts(run.info.run_id, "documents")}

    assert set(used) == {"training", "holdout"}
    assert {dataset.digest for dataset in used.values()} == {bundle.lineage["data_version"]}
    assert {"documents/model_card.html", "documents/data_sheet.md"} <= documents
    assert any(name.endswith(".svg") for name in documents)


def test_mlflows_own_loader_predicts_what_the_endpoint_does(bundle, job_folder):
    mlflow.set_tracking_uri(f"sqlite:///{job_folder}/mlflow.db")
    try:
        loaded = mlflow.pyfunc.load_model("models:/texas-house-prices@candidate")
    finally:
        mlflow.set_tracking_uri(None)
    rows = list(bundle.holdout())
    served = bundle.model()

    predicted = loaded.predict(pd.DataFrame([row.features for row in rows])).tolist()

    assert predicted == [served.predict(served.contract.parse(row.features)) for row in rows]


def test_each_metric_has_its_interval_and_the_baseline_beside_it(bundle):
    metrics = bundle.metrics

    assert metrics["holdout"].keys() == metrics["intervals"].keys() == metrics["baseline"].keys()
    for name, value in metrics["holdout"].items():
        low, high = metrics["intervals"][name]
        assert low < value < high
        baseline, nearest = metrics["baseline"][name], low if metric_of(name).higher_is_better else high
        assert metric_of(name).better(nearest, baseline)


def test_importance_is_what_the_error_gains_when_a_feature_is_shuffled(bundle):
    importance = bundle.metrics["importance"]

    assert list(importance) == ["city", "year", "month", "sales", "listings", "inventory"]
    # A house's place says more of its price than anything else; without it the error would double.
    assert importance["city"]["mean"] == max(each["mean"] for each in importance.values())
    assert importance["city"]["mean"] > bundle.metrics["holdout"]["mape"]


def test_slices_cover_the_rows_and_average_to_the_whole(bundle):
    slices = bundle.metrics["slices"]["month"]
    rows = sum(each["rows"] for each in slices.values())

    assert list(slices) == [str(month) for month in range(1, 13)]
    assert rows == bundle.metrics["rows"]["holdout_rows"]
    mean = sum(each["rows"] * each["value"] for each in slices.values()) / rows
    assert mean == pytest.approx(bundle.metrics["holdout"]["mape"])


def test_without_a_tracking_server_the_same_model_is_left_and_nothing_is_logged(bundle, job_folder, tmp_path):
    (tmp_path / "input").symlink_to(job_folder / "input")
    finished = run_job(tmp_path, tracked=False)

    assert finished.returncode == 0, finished.stderr
    untracked = Bundle.read(lambda name: (tmp_path / "model" / name).read_bytes())
    assert untracked.digest == bundle.digest
    assert untracked.lineage["mlflow_run_id"] == ""
    assert not (tmp_path / "mlruns").exists()


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
    parts = prepare.prepare(read_table(DATA), settings, file=DATA.name)

    with pytest.raises(InvalidSettings, match="learning_rate"):
        train.fit(parts.train_rows, parts.contract, settings)
