"""The same inputs give the same model digest, wherever and whenever; each single changed input gives another."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evergreen import portable
from evergreen.settings.model_toml import read_settings
from evergreen.versions.bundle import CONTRACT, MODEL, model_digest
from evergreen.versions.source import source_digest
from training import lineage, prepare
from training.reading.table import read_table
from training.train import fit

CHECKOUT = Path(__file__).parents[3]
# A small forest: unlike the demo's estimator on so few rows, it depends on the seed.
SETTINGS = re.sub(
    r'type = "hist_gradient_boosting"\nparameters = .*',
    'type = "random_forest"\nparameters = { n_estimators = 5, max_depth = 4 }',
    (CHECKOUT / "model.toml").read_text(),
)
TABLE = (CHECKOUT / "data" / "texas_2000_2006.csv").read_text()


def laid_out(folder: Path, *, settings: str = SETTINGS, table: str = TABLE) -> Path:
    """A folder with a model.toml and its table."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "texas_2000_2006.csv").write_text(table)
    (folder / "model.toml").write_text(settings)
    return folder


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


def test_another_process_folder_hash_seed_and_thread_count_give_the_same_digest(tmp_path):
    one = digest_of_commands(laid_out(tmp_path / "one"), PYTHONHASHSEED="0", OMP_NUM_THREADS="1")
    other = digest_of_commands(laid_out(tmp_path / "other" / "deeper"), PYTHONHASHSEED="4711", TZ="Asia/Tokyo")

    assert one == other


CHANGES = {
    "a cell of the table": lambda settings, table: (settings, table.replace(",71400,", ",71500,", 1)),
    "a row of the table": lambda settings, table: (settings, re.sub(r"\nAbilene,.*", "", table, count=1)),
    "the seed": lambda settings, table: (settings.replace("seed = 0", "seed = 1"), table),
    "a parameter": lambda settings, table: (settings.replace("max_depth = 4", "max_depth = 5"), table),
    "the split": lambda settings, table: (settings.replace("holdout = 0.2", "holdout = 0.3"), table),
    "the features": lambda settings, table: (
        settings.replace('["volume", "date"]', '["volume", "date", "sales"]'),
        table,
    ),
    "the preprocessing": lambda settings, table: (settings + '\n[preprocessing]\nencode = "ordinal"\n', table),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_changed_input_gives_another_model(change, tmp_path):
    settings, table = CHANGES[change](SETTINGS, TABLE)
    assert (settings, table) != (SETTINGS, TABLE)

    models = [
        model_of(laid_out(tmp_path / "same")),
        model_of(laid_out(tmp_path / "new", settings=settings, table=table)),
    ]

    assert models[0] != models[1]


def model_of(folder: Path) -> bytes:
    """The portable model and the contract, without the measuring around them."""
    settings = read_settings(folder / "model.toml")
    file = folder / "data" / "texas_2000_2006.csv"
    parts = prepare.prepare(read_table(file), settings, file=file.name)
    estimator = fit(parts.train, parts.contract, settings)
    return json.dumps(portable.export(estimator)).encode() + parts.contract.to_json()


def test_the_digest_of_the_code_changes_with_any_file_of_it(tmp_path):
    for name in ("evergreen/a.py", "training/b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    before = source_digest(tmp_path)
    (tmp_path / "training" / "b.py").write_text("x = 2\n")
    changed = source_digest(tmp_path)
    (tmp_path / "training" / "b.py").rename(tmp_path / "training" / "c.py")

    assert len({before, changed, source_digest(tmp_path)}) == 3


@pytest.mark.parametrize(
    ("commit", "image", "words"),
    [
        ("0a1b-dirty", "an/image:1", "changes that no commit has"),
        ("unknown", "an/image:1", "commit of the code is not known"),
        ("0a1b", None, "not trained in the training image"),
    ],
)
def test_what_keeps_a_version_from_being_reproduced_is_said(commit, image, words, tmp_path, monkeypatch):
    monkeypatch.delenv("TRAINING_IMAGE", raising=False)
    if image:
        monkeypatch.setenv("TRAINING_IMAGE", image)
    folder = laid_out(tmp_path / "here")

    traced = lineage.trace(
        version="v1", git_commit=commit, seed=0, data_version="c4ede0", settings_file=folder / "model.toml"
    )

    (doubt,) = traced.doubts
    assert words in doubt


def test_a_version_of_a_clean_commit_in_the_image_has_no_doubts(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAINING_IMAGE", "an/image:1")
    folder = laid_out(tmp_path / "here")

    traced = lineage.trace(
        version="v1", git_commit="0a1b", seed=0, data_version="c4ede0", settings_file=folder / "model.toml"
    )

    assert traced.doubts == ()
    assert traced.libraries["scikit-learn"]
    assert traced.cpu
