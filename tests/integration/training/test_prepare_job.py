"""Prepare in a process of its own: as SageMaker's job and as a command."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evergreen import names
from evergreen.versions.data_version import manifest_key, of_path
from tests.unit.training.prepare.houses import houses, prepared
from training.prepare import CONTRACT, HOLDOUT, TRAIN

CHECKOUT = Path(__file__).parents[3]
MODEL_TOML = """
name = "houses"
[data]
path = "tables/houses.csv"
target = "price"
leave_out = ["id"]
[split]
type = "random"
"""


def command(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training.prepare", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def job_folder(tmp_path) -> Path:
    """What SageMaker lays out: objects without names, by the data version's manifest."""
    table = tmp_path / "houses.csv"
    houses().assign(state="TX").to_csv(table, index=False)
    md5 = of_path(table).version
    for place, content in (
        (f"data/{md5[:2]}/{md5[2:]}", table.read_bytes()),
        ("settings/model.toml", MODEL_TOML.encode()),
    ):
        file = tmp_path / "ml" / "processing" / "input" / place
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    return tmp_path / "ml"


def as_job(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    [table] = (folder / "processing" / "input" / "data").glob("*/*")
    manifest = f"s3://data/{manifest_key(table.parent.name + table.name)}"
    return command(folder=folder, SAGEMAKER_BASE_DIR=str(folder), **{names.DATA_MANIFEST: manifest, **environment})


def test_the_job_reads_its_channels_and_says_what_it_found(job_folder):
    finished = as_job(job_folder)
    output = job_folder / "processing" / "output" / "prepared"

    assert finished.returncode == 0, finished.stderr
    assert "Warning: the column 'state' has one value in all training rows" in finished.stdout
    assert json.loads((output / names.SUMMARY).read_text())["data_files"][0]["name"] == "houses.csv"


def test_the_job_refuses_the_settings_of_another_model(job_folder):
    finished = as_job(job_folder, **{names.MODEL_NAME: "flats"})

    assert finished.returncode == 1
    message = (job_folder / "output" / "message").read_text()
    assert message.startswith("model.toml is of the model 'houses', and the stack is of 'flats'")
    assert not (job_folder / "processing" / "output").exists()


def test_the_job_compares_with_the_champions_contract_if_there_is_one(job_folder, tmp_path):
    previous = job_folder / "processing" / "input" / "previous" / "contract.json"
    previous.parent.mkdir()
    previous.write_bytes(prepared(houses(), tmp_path).contract.to_json())
    finished = as_job(job_folder)

    assert finished.returncode == 0, finished.stderr
    assert "Contract: the feature 'state' is new" in finished.stdout


def test_the_jobs_failure_is_left_where_sagemaker_looks_for_it(job_folder):
    [table] = (job_folder / "processing" / "input" / "data").glob("*/*")
    table.write_text("altered")
    finished = as_job(job_folder)

    assert finished.returncode == 1
    assert "altered" in (job_folder / "output" / "message").read_text()
    assert not (job_folder / "processing" / "output").exists()


def test_data_that_is_no_version_is_refused(job_folder):
    finished = as_job(job_folder, **{names.DATA_MANIFEST: "s3://data/houses.csv"})

    assert finished.returncode == 1
    message = (job_folder / "output" / "message").read_text()
    assert message.startswith("'s3://data/houses.csv' is not a manifest of a data version")


def test_the_job_and_the_command_write_the_same_bytes_in_any_folder_and_process(job_folder, tmp_path):
    finished = as_job(job_folder, PYTHONHASHSEED="1")
    assert finished.returncode == 0, finished.stderr
    (tmp_path / "model.toml").write_text(MODEL_TOML)
    shutil.copy(tmp_path / "houses.csv", tmp_path / "moved.csv")
    finished = command("--data", "moved.csv", "--output", "elsewhere/out", folder=tmp_path, PYTHONHASHSEED="2")
    assert finished.returncode == 0, finished.stderr

    for file in (TRAIN, HOLDOUT, CONTRACT):
        by_job = (job_folder / "processing" / "output" / "prepared" / file).read_bytes()
        assert by_job == (tmp_path / "elsewhere" / "out" / file).read_bytes(), file


def test_the_command_fails_in_words(tmp_path):
    (tmp_path / "model.toml").write_text(MODEL_TOML)
    finished = command("--data", "missing.csv", folder=tmp_path)

    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == "missing.csv does not exist\n"
