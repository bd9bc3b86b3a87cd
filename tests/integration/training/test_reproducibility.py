"""The same inputs give the same model digest, wherever and whenever."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evergreen.settings.sections import ESTIMATORS
from evergreen.versions.bundle import CONTRACT, MODEL, model_digest
from tests.demo_inputs import CHECKOUT, laid_out


def test_another_process_folder_hash_seed_and_thread_count_give_the_same_digest(tmp_path):
    one = digest_of_commands(laid_out(tmp_path / "one"), PYTHONHASHSEED="0", OMP_NUM_THREADS="1")
    variables = {"PYTHONHASHSEED": "4711", "OMP_NUM_THREADS": "2", "TZ": "Asia/Tokyo"}
    other = digest_of_commands(laid_out(tmp_path / "other" / "deeper"), **variables)

    assert one == other


@pytest.fixture(scope="module")
def fits():
    """The digests of every estimator's fit, by estimator, with one thread and with two."""
    found = []
    for threads in ("1", "2"):
        variables = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        variables |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("digests.py"))]
        finished = subprocess.run(command, env=variables, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        found.append(json.loads(finished.stdout))
    return found


@pytest.mark.parametrize("kind", [f"{task} {estimator}" for task, named in ESTIMATORS.items() for estimator in named])
def test_the_number_of_threads_changes_no_digest(kind, fits):
    one, two = fits

    assert one[kind] == two[kind]


def digest_of_commands(folder: Path, **environment: str) -> str:
    """Of the bundle that the two commands of dvc.yaml write, in processes of their own."""
    paths = {"--settings": folder / "model.toml", "--output": folder / "prepared"}
    _run("training.prepare", {"--data": folder / "data" / "texas_2000_2006.csv", **paths}, folder, environment)
    paths = {"--settings": folder / "model.toml", "--output": folder / "bundle"}
    _run("training.train", {"--prepared": folder / "prepared", **paths}, folder, environment)
    return model_digest((folder / "bundle" / MODEL).read_bytes(), (folder / "bundle" / CONTRACT).read_bytes())


def _run(module: str, arguments: dict[str, Path], folder: Path, environment: dict[str, str]) -> None:
    words = [word for name, path in arguments.items() for word in (name, str(path))]
    variables = {**os.environ, "PYTHONPATH": str(CHECKOUT), **environment}
    variables.pop("MLFLOW_TRACKING_URI", None)
    finished = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=folder, env=variables, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stderr
