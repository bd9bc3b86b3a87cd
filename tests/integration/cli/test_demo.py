"""evergreen demo on a table of one's own: what is wrong with it is told before a cloud starts."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.demo import own_table
from cli.demo.holdout import holdout_rows
from cli.main import main
from cli.verbs import demo as verb
from evergreen.versions.data_version import of_path
from training.inspection.inspection import inspect


@pytest.fixture
def demo(monkeypatch, capsys, tmp_path):
    """Runs the command in a folder of its own, with no cloud to start; returns its exit code and what it said."""

    def refuse(*_arguments, **_options):
        raise AssertionError("a cloud was started")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("cli.main.signal.signal", lambda *_: None)
    monkeypatch.setattr(verb, "TABLES", tmp_path / "tables")
    monkeypatch.setattr(own_table, "deployed_cloud", refuse)
    monkeypatch.setattr(verb, "deployed_cloud", refuse)

    def _demo(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["evergreen", "demo", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), " ".join((said.out + said.err).split())

    return _demo


def table(rows: int = 200) -> pd.DataFrame:
    some = np.random.default_rng(0)
    return pd.DataFrame(
        {"zip": some.choice(["01234", "A8765"], rows), "size": some.normal(size=rows), "price": some.normal(size=rows)}
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "none.csv", "--target", "price"), "none.csv does not exist"),
        (("--data", "t.csv"), "--target must name the column to predict; t.csv has: zip, size, price"),
        (("--data", "t.csv", "--target", "prise", "--time", "day"), "did you mean 'price'?"),
        (("--data", "t.csv", "--target", "prise", "--time", "day"), "no column 'day', which --time names"),
        (("--data", "few.csv", "--target", "price"), "30 rows with a target are too few"),
        (("--data", "t.csv", "--target", "price", "--time", "zip"), "Prepare refuses the table"),
        (("--target", "price"), "name its file with --data"),
    ],
)
def test_what_cannot_work_is_told_before_the_cloud_starts(demo, arguments, said):
    table().to_csv("t.csv", index=False)
    table(30).to_csv("few.csv", index=False)

    code, answer = demo(*arguments)

    assert code == 1
    assert said in answer


def test_holdout_rows_are_sent_as_the_table_has_them_with_their_truth_and_line():
    frame = table()
    frame.loc[::3, "size"] = np.nan
    frame.loc[5, "price"] = np.nan
    frame.to_csv("t.csv", index=False)
    found = inspect(of_path(Path("t.csv")), Path("t.csv"), path="t.csv", target="price")

    rows = holdout_rows(found, Path("t.csv"))

    assert len(rows) == len(found.prepared.holdout)
    for row in rows:
        name, _, line = row.place.rpartition(" line ")
        original = frame.loc[int(line) - 2]
        assert (name, row.truth) == ("t.csv", original["price"])
        size = None if np.isnan(original["size"]) else original["size"]
        assert row.features == {"zip": original["zip"], "size": size}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
