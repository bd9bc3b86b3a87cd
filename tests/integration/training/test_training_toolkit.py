"""The training script in SageMaker's own container contract, by the toolkits of the training image."""

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import boto3
import pytest

from evergreen import names
from evergreen.judging.card_decision import CARD_FILES
from evergreen.settings.model_toml import read_settings
from evergreen.versions import bundle
from evergreen.versions.bundle import SHEET_FILES
from evergreen.versions.data_version import of_path
from infra.packages import build
from infra.packages.job_archive import job_archive
from infra.training.addresses import Addresses
from infra.training.jobs import train_request
from tests.infrastructure.training.evaluation import context, evaluate
from tests.integration.training.training_container import TOOLKITS, TrainingContainer, why_not_here
from training import prepare

pytestmark = pytest.mark.skipif(why_not_here() is not None, reason=str(why_not_here()))

CHECKOUT = Path(__file__).parents[3]
VERSION = "20261123-204648-97ae"
# Unless it arrives as text it is a number: infinity.
COMMIT = "12e4567890123456789012345678901234567890"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """The demo's model.toml with fewer trees."""
    file = tmp_path_factory.mktemp("settings") / "model.toml"
    file.write_text(re.sub("max_iter = [0-9]+", "max_iter = 20", (CHECKOUT / "model.toml").read_text()))
    return file


@pytest.fixture(scope="module")
def prepared(settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    read = read_settings(settings)
    prepare.run(of_path(CHECKOUT / read.data.path), read, folder)
    return folder


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """What the jobs are deployed with; on another Python than the image's, without the wheels for that one."""
    deployed = job_archive(for_this_machine=False)
    if build.compiles_for_lambda():
        return deployed
    path = tmp_path_factory.mktemp("archive") / "job.tar.gz"
    with tarfile.open(deployed) as whole, tarfile.open(path, "w:gz") as sources:
        for member in whole.getmembers():
            if member.name.endswith(".py"):
                sources.addfile(member, io.BytesIO(whole.extractfile(member).read()))
    return path


def request_of(archive: Path) -> dict:
    """What the state machine asks of SageMaker, with the archive on this machine and no MLflow."""
    texts = {field: field.replace("_", "-") for field in Addresses.__dataclass_fields__}
    values = {
        "image": IMAGE,
        "source_uri": str(archive),
        "tracking": {},
        "region": "us-east-1",
        "job_instance": "ml.m5.large",
        "chat": False,
        "prepare_seconds": 3600,
        "train_seconds": 3600,
    }
    variables = {"version": VERSION, "git_commit": COMMIT, "settings": "s3://data/settings/model.toml"}
    request = train_request(Addresses(**texts | values))
    return evaluate(request, variables, input="s3://data/prepared", context=context())


@pytest.fixture(scope="module")
def trained(archive, prepared, settings, tmp_path_factory):
    """The container after the job, and what the job printed."""
    channels = {names.CHANNEL_PREPARED: prepared, names.CHANNEL_SETTINGS: settings}
    container = TrainingContainer(tmp_path_factory.mktemp("container") / "ml", request_of(archive), channels)
    finished = container.train()
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return container, finished


def bundle_in(folder: Path) -> bundle.Bundle:
    return bundle.Bundle.read(lambda name: (folder / name).read_bytes())


def test_the_container_leaves_a_whole_bundle_and_reports_success(trained):
    container, finished = trained
    written = {path.name for path in container.model.iterdir()}

    # Reading it holds every file against the manifest.
    assert {*bundle_in(container.model).files, bundle.MANIFEST} == written
    assert {*CARD_FILES, *SHEET_FILES} <= written
    assert {path.name for path in container.output.iterdir() if path.is_file()} == {"success"}
    assert json.loads(finished.stdout.splitlines()[-1])["holdout"]


def test_the_digest_and_the_lineage_are_those_of_training_without_the_container(trained, prepared, settings, tmp_path):
    container, _ = trained
    arguments = ["--prepared", prepared, "--settings", settings, "--output", tmp_path]
    arguments += ["--version", VERSION, "--git_commit", COMMIT]
    finished = subprocess.run(
        [sys.executable, "-m", "training.train", *map(str, arguments)],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "TRAINING_IMAGE": IMAGE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr

    in_the_container, directly = bundle_in(container.model), bundle_in(tmp_path)
    assert in_the_container.digest == directly.digest
    assert in_the_container.lineage == directly.lineage


def test_hyperparameters_and_the_image_reach_the_script_as_they_were_given(trained):
    container, _ = trained
    lineage = bundle_in(container.model).lineage

    assert (lineage["version"], lineage["git_commit"], lineage["image"]) == (VERSION, COMMIT, IMAGE)


def test_without_a_tracking_server_nothing_is_logged(trained):
    container, _ = trained

    assert bundle_in(container.model).lineage["mlflow_run_id"] == ""
    assert not [path for path in container.base.rglob("*") if path.name in ("mlruns", "mlflow.db")]


@pytest.fixture
def misspelt(archive, prepared, settings, tmp_path):
    """The container of a job whose model.toml names no parameter of its estimator."""
    file = tmp_path / "model.toml"
    file.write_text(settings.read_text().replace("max_iter", "max_itre"))
    channels = {names.CHANNEL_PREPARED: prepared, names.CHANNEL_SETTINGS: file}
    return TrainingContainer(tmp_path / "ml", request_of(archive), channels)


@pytest.mark.parametrize("toolkit", TOOLKITS)
def test_a_failure_leaves_our_own_words_whichever_toolkit_runs(toolkit, misspelt, archive, moto_server):
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    client = boto3.client("s3", endpoint_url=moto_server, aws_access_key_id="test", aws_secret_access_key="test")
    uri = request_of(archive)["Environment"][names.FAILURE_URI]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    client.create_bucket(Bucket=bucket)

    finished = misspelt.train(toolkit, AWS_ENDPOINT_URL_S3=moto_server, **credentials)

    assert finished.returncode != 0
    stored = client.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert "max_itre" in stored
    assert "Traceback" not in stored
    assert not list(misspelt.model.iterdir())
    assert not (misspelt.output / "success").exists()
    # The older one writes its own words over ours; by these the message tells that they are not the cause.
    assert "ExecuteUserScriptError" in (misspelt.output / "failure").read_text() or toolkit == "sagemaker_training"


def test_a_cause_that_cannot_be_stored_still_ends_the_container_with_our_own_words(misspelt):
    finished = misspelt.train(AWS_EC2_METADATA_DISABLED="true")

    assert finished.returncode != 0
    failure = (misspelt.output / "failure").read_text()
    assert "max_itre" in failure
    assert "Traceback" not in failure
    assert "the cause could not be stored" in finished.stdout + finished.stderr
