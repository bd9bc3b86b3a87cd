"""evergreen predict on a table: the CSV that comes back."""

import csv

import pytest

from cli.verbs import predict as module


class FakeEndpoint:
    """A model of a city and a change, which predicts how the city is called."""

    def __init__(self, _target):
        pass

    def model(self):
        features = [{"name": "city", "type": "category"}, {"name": "change", "type": "number"}]
        return {"contract": {"features": features}}

    def predict(self, body):
        return {"predictions": [{"prediction": row["city"] or "unknown"} for row in body["instances"]]}


@pytest.fixture
def predict(monkeypatch, tmp_path):
    """Predicts a table of cells; returns the cells of the answer."""
    monkeypatch.setattr(module, "Endpoint", FakeEndpoint)
    monkeypatch.setattr(module.Target, "choose", lambda *_, **__: None)

    def _predict(rows, **options):
        table, answer = tmp_path / "table.csv", tmp_path / "answer.csv"
        with table.open("w", newline="") as stream:
            csv.writer(stream).writerows(rows)
        module.predict([str(table)], output=answer, **options)
        with answer.open(newline="") as stream:
            return list(csv.reader(stream))

    return _predict


ROWS = [["city", "change", "note"], ["Austin", "-1.5", ""], ["", "+2", "-1e3"]]


def test_the_cells_come_back_as_they_were_and_the_prediction_beside_them(predict):
    rows = [*ROWS, ["=1+1", "3", "@x"]]

    assert predict(rows) == [
        ["city", "change", "note", "prediction"],
        ["Austin", "-1.5", "", "Austin"],
        ["", "+2", "-1e3", "unknown"],
        ["=1+1", "3", "@x", "=1+1"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@SUM(1)", "\t=1", "\r=1", "-1.5 km", "-", "a\r=1"])
def test_text_that_a_spreadsheet_would_run_is_quoted_and_numbers_are_not(predict, text):
    rows = [["city", "change", f"{text}!"], *ROWS[1:], [text, "3", text]]
    safe = text if text.startswith("a") else f"'{text}"

    assert predict(rows, spreadsheet=True) == [
        ["city", "change", f"{safe}!", "prediction"],
        ["Austin", "-1.5", "", "Austin"],
        ["", "+2", "-1e3", "unknown"],
        [safe, "3", safe, safe],
    ]
