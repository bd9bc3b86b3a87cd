"""evergreen demo on a table of one's own, whole: on one that a model can learn, and on one that it cannot."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer

from cli.aws.target import CHECKOUT


def run_demo(home: Path, table: Path, target: str) -> tuple[int, str, str]:
    """In a process and folders of its own: exit code, what it said, and what it complained of."""
    start = "from cli.main import main; main()"
    folders = f"demo.HOME = pathlib.Path({str(home / 'demo')!r}); demo.TABLES = pathlib.Path({str(home / 'tables')!r})"
    script = f"import pathlib, cli.verbs.demo as demo; {folders}; {start}"
    command = [sys.executable, "-c", script, "demo", "--data", str(table), "--target", target]
    answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return answer.returncode, " ".join(answer.stdout.split()), answer.stderr


def test_two_classes_with_labels_as_text(tmp_path):
    loaded = load_breast_cancer(as_frame=True)
    frame = loaded.data.assign(diagnosis=[str(loaded.target_names[label]) for label in loaded.target])
    frame.to_csv(tmp_path / "cancer.csv", index=False)
    settings = (CHECKOUT / "model.toml").read_bytes()

    code, said, complaint = run_demo(tmp_path, tmp_path / "cancer.csv", "diagnosis")

    assert code == 0, said + complaint
    assert "first champion: log_loss" in said
    assert "Predicted diagnosis" in said
    assert "sure" in said
    assert "Status: " in said
    assert "What to do: " in said
    files = {file.name for file in (tmp_path / "tables" / "cancer").iterdir()}
    assert {"model.toml", "table.html", "model-card.html", "data-sheet.html", "cancer.csv"} <= files
    assert (CHECKOUT / "model.toml").read_bytes() == settings


def test_a_model_that_is_no_better_than_its_baseline_is_refused_with_what_to_try(tmp_path):
    some = np.random.default_rng(0)
    pd.DataFrame({"a": some.normal(size=300), "b": some.normal(size=300)}).to_csv(tmp_path / "noise.csv", index=False)

    code, said, complaint = run_demo(tmp_path, tmp_path / "noise.csv", "b")

    assert code == 1, said + complaint
    assert "The gates have kept this model from serving. What to try:" in said
    assert complaint.startswith("evergreen: the model was not promoted: ")
    assert "Traceback" not in complaint
    assert (tmp_path / "tables" / "noise" / "model-card.html").exists()
