"""evergreen feedback: the truths of a file go to the endpoint, and those that it refuses are named by their line."""

import csv
import uuid
from pathlib import Path

import pandas as pd
import pytest

from cli.verbs import feedback as module
from evergreen.errors import CommandFailed
from tests.integration.cli.fake_endpoint import installed

IDS = [str(uuid.UUID(int=place)) for place in range(2500)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def endpoint(monkeypatch):
    """Installs an endpoint of a regression, or of a classification with the classes."""

    return lambda *classes: installed(monkeypatch, module, change="number", classes=classes)


def write(truths, header=("prediction_id", "actual"), name="labels.csv"):
    with Path(name).open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *zip(IDS, truths, strict=False)])
    return name


def sent(fake):
    return [label["actual"] for body in fake.bodies for label in body["labels"]]


def test_truths_are_sent_a_thousand_at_a_time_and_rows_without_one_are_counted(endpoint, capsys):
    fake = endpoint()
    module.feedback(write(["$1.50", "", "NA", *["$2"] * 2200]))

    assert [len(body["labels"]) for body in fake.bodies] == [1000, 1000, 201]
    assert fake.bodies[0]["labels"][:2] == [
        {"prediction_id": IDS[0], "actual": 1.5},
        {"prediction_id": IDS[3], "actual": 2.0},
    ]
    assert capsys.readouterr().out == "2201 labels recorded; 2 rows without a truth passed over\n"


def test_the_columns_can_be_named_and_are_asked_for(endpoint):
    fake = endpoint()
    name = write(["1"], header=("id", "median"))
    module.feedback(name, id_column="id", actual="median")

    assert sent(fake) == [1.0]
    with pytest.raises(CommandFailed, match="has no column 'prediction_id', 'actual', which --id and --actual name"):
        module.feedback(name)


def test_the_truth_of_a_classification_is_text_as_it_is(endpoint):
    fake = endpoint("007", "1", "true")
    module.feedback(write(["007", "1", "true"]))
    pd.DataFrame({"prediction_id": IDS[:1], "actual": [1]}).to_parquet("rows")
    module.feedback("rows")

    assert sent(fake) == ["007", "1", "true", "1"]


def test_a_refused_label_is_named_by_its_line_and_the_others_are_recorded(endpoint, capsys):
    fake = endpoint()
    name = write(["1", "", "many", "4", "inf", "1e39"])

    with pytest.raises(CommandFailed) as failed:
        module.feedback(name, rejected=Path("rejected.csv"))
    assert str(failed.value) == (
        '3 rows were not recorded; the first: line 4: actual: expected a finite number, got "many". '
        "All are in rejected.csv"
    )
    assert fake.bodies[-1]["labels"] == [
        {"prediction_id": IDS[0], "actual": 1.0},
        {"prediction_id": IDS[3], "actual": 4.0},
    ]
    # Only what the command cannot know is refused by the endpoint, where it counts towards an alarm.
    assert len(fake.bodies) == 2
    assert capsys.readouterr().out.startswith("2 labels recorded; 1 row without")
    with Path("rejected.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert [(row[0], row[2:]) for row in rows] == [
        ("line", ["prediction_id", "actual"]),
        ("4", [IDS[2], "many"]),
        ("6", [IDS[4], "inf"]),
        ("7", [IDS[5], "1e39"]),
    ]


def test_it_says_so_if_every_label_is_refused(endpoint):
    endpoint("yes", "no")

    with pytest.raises(CommandFailed, match="none of 2 rows was recorded; the first: line 2: actual"):
        module.feedback(write(["maybe", "perhaps"]))


def test_a_label_without_a_prediction_id_is_refused(endpoint):
    fake = endpoint()
    Path("labels.csv").write_text(f"prediction_id,actual\n,1\nabc,2\n{IDS[0]},3\n")

    with pytest.raises(CommandFailed, match="2 rows were not recorded; the first: line 2: prediction_id: expected the"):
        module.feedback("labels.csv")
    assert sent(fake) == [3.0]
