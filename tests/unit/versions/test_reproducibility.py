"""Each single changed input gives another model, and what keeps a version from being reproduced is said."""

import json
import re
from pathlib import Path

import pytest

from evergreen import portable
from evergreen.settings.model_toml import read_settings
from evergreen.versions.source import source_digest
from tests.demo_inputs import SETTINGS, TABLE, laid_out
from training import lineage, prepare
from training.reading.table import read_table
from training.train import fit

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
    estimator = fit(parts.train_rows, parts.contract, settings)
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
