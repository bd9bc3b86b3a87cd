"""evergreen predict on a file: how it is read, what is set aside, and the CSV that comes back."""

import csv
import gzip
import io
import json
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from cli.aws.endpoint import RequestRefused
from cli.verbs import predict as module
from evergreen.errors import CommandFailed, InvalidData, InvalidSettings
from tests.integration.cli.fake_endpoint import installed
from tests.unit.training.prepare import workbook

SETTINGS = """
name = "houses"
[data]
path = "table.csv"
target = "price"
delimiter = ";"
decimal = ","
thousands = "."
encoding = "cp1252"
missing = ["-"]
[split]
type = "random"
"""
CSV = "city,change\nAustin,-1.5\n,+2\n"
ROWS = [["city", "change", "note"], ["Austin", "-1.5", ""], ["", "+2", "-1e3"]]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def endpoint(monkeypatch):
    """Installs an endpoint with the features, by name and type, and the classes."""

    usual = {"city": "category", "change": "number"}
    return lambda **options: installed(monkeypatch, module, **(options or usual))


@pytest.fixture
def predict(folder):
    """Predicts a file; returns the cells of the answer, without the ids."""

    def _predict(name, delimiter=",", **options):
        module.predict([str(name)], output=folder / "answer.csv", **options)
        rows = read("answer.csv", delimiter)
        place = rows[0].index("prediction_id")
        return [row[:place] + row[place + 1 :] for row in rows]

    return _predict


def read(name, delimiter=","):
    with Path(name).open(newline="") as stream:
        return list(csv.reader(stream, delimiter=delimiter))


def write(rows, name="table.csv"):
    with Path(name).open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return name


def sent(fake):
    return [row for body in fake.bodies for row in body["instances"]]


def test_the_cells_come_back_as_they_were_and_the_prediction_beside_them(predict, endpoint):
    endpoint(city="category")
    name = write([*ROWS, ["=1+1", "3", "@x"], [" NA ", "x", "y"]])

    assert predict(name) == [
        ["city", "change", "note", "prediction"],
        ["Austin", "-1.5", "", '{"city": "Austin"}'],
        ["", "+2", "-1e3", '{"city": null}'],
        ["=1+1", "3", "@x", '{"city": "=1+1"}'],
        [" NA ", "x", "y", '{"city": null}'],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@SUM(1)", "\t=1", "\r=1", "-1.5 km", "-", "a\r=1"])
def test_text_that_a_spreadsheet_would_run_is_quoted_and_numbers_are_not(predict, endpoint, text):
    endpoint(change="number")
    safe = text if text.startswith("a") else f"'{text}"
    name = write([["city", "change", f"{text}!"], *ROWS[1:], [text, "3", text]])

    assert [row[:3] for row in predict(name, spreadsheet=True)] == [
        ["city", "change", f"{safe}!"],
        ["Austin", "-1.5", ""],
        ["", "+2", "-1e3"],
        [safe, "3", safe],
    ]


def test_a_prediction_that_a_spreadsheet_would_run_is_quoted(predict, endpoint):
    endpoint(change="number", classes=("=1+1", "b"))

    rows = predict(write(ROWS), spreadsheet=True)

    assert [row[3] for row in rows] == ["prediction", "'=1+1", "'=1+1"]


def test_a_classifier_gives_the_probability_of_each_class(endpoint):
    endpoint(change="number", classes=("no", "yes"))
    module.predict([write(ROWS)], output=Path("answer.csv"))

    header, first, _ = read("answer.csv")
    assert header[3:] == ["prediction", "prediction_id", "probability of no", "probability of yes"]
    assert first[3] == "no"
    assert first[5:] == ["0.5", "0.5"]


def as_gzip(name):
    with gzip.open(name, "wt") as stream:
        stream.write(CSV)


def as_zip(name):
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr("inner.csv", CSV)


def as_json_lines(name):
    Path(name).write_text('{"city": "Austin", "change": -1.5}\n\n{"city": null, "change": 2}\n')


def as_parquet(name):
    pd.DataFrame({"city": ["Austin", None], "change": [-1.5, 2.0]}).to_parquet(name)


def as_excel(name):
    workbook.write(Path(name), {"Rows": {1: ["city", "change"], 2: ["Austin", -1.5], 3: [None, 2]}})


def as_csv(name):
    Path(name).write_text(CSV)


@pytest.mark.parametrize("save", [as_csv, as_gzip, as_zip, as_json_lines, as_parquet, as_excel])
def test_every_format_of_a_table_is_read(predict, endpoint, save):
    fake = endpoint()
    save("rows")

    rows = predict("rows")

    assert sent(fake) == [{"city": "Austin", "change": -1.5}, {"city": None, "change": 2.0}]
    assert rows[0] == ["city", "change", "prediction"]
    assert [row[0] for row in rows[1:]] == ["Austin", ""]


def test_standard_input_is_read_as_a_file_is(endpoint, monkeypatch, capsys):
    fake = endpoint()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(CSV.encode()))))
    module.predict(None)

    assert len(sent(fake)) == 2
    assert capsys.readouterr().out.splitlines()[1].startswith("Austin,-1.5,")


def test_the_type_of_a_column_is_that_of_the_contract(predict, endpoint):
    fake = endpoint(code="category", flag="category", price="number", count="category")
    write([["code", "flag", "price", "count"], ["007", "TRUE", "$12.50", "1"], [" 7", "n", "$30", "2"]])
    predict("table.csv")

    assert sent(fake) == [
        {"code": "007", "flag": "TRUE", "price": 12.5, "count": "1"},
        {"code": "7", "flag": "n", "price": 30.0, "count": "2"},
    ]


def test_the_type_is_that_of_the_contract_in_parquet_too(predict, endpoint):
    fake = endpoint(code="category", flag="category", price="number")
    frame = pd.DataFrame({"code": [7, 8], "flag": [True, False], "price": ["12%", "13%"], "tags": [["a"], None]})
    frame.to_parquet("rows")

    assert [row[3] for row in predict("rows")] == ["tags", "['a']", ""]
    assert sent(fake) == [
        {"code": "7", "flag": "true", "price": 12.0},
        {"code": "8", "flag": "false", "price": 13.0},
    ]


def test_a_column_of_parquet_or_json_lines_that_is_empty_is_missing(predict, endpoint):
    fake = endpoint(code="category", price="number", n="number")
    pd.DataFrame({"code": [None, None], "price": [None, None], "n": [float("inf"), 1.0]}).to_parquet("rows")
    with pytest.raises(CommandFailed, match='1 row was not predicted; the first: row 1: n: .*, got "inf"'):
        predict("rows")
    Path("rows").write_text('{"code": null, "price": null, "n": 2}')
    predict("rows")

    assert sent(fake) == [{"code": None, "price": None, "n": 1.0}, {"code": None, "price": None, "n": 2.0}]


def test_a_file_is_read_by_the_data_section_and_the_answer_is_written_by_it(endpoint, folder):
    fake = endpoint(stadt="category", preis="number", classes=("no", "yes"))
    (folder / "model.toml").write_text(SETTINGS)
    (folder / "table.csv").write_bytes("stadt;preis;note\nKöln;1.234,5;\n-;-;-3,5\n".encode("cp1252"))
    module.predict(["table.csv"], output=Path("answer.csv"), spreadsheet=True)

    assert sent(fake) == [{"stadt": "Köln", "preis": 1234.5}, {"stadt": None, "preis": None}]
    text = (folder / "answer.csv").read_text(encoding="cp1252")
    assert text.splitlines()[1].startswith('"Köln";"1.234,5";"";"no";')
    assert text.splitlines()[1].endswith('"0,5";"0,5"')
    assert ';"-3,5";' in text


def test_dates_are_sent_in_iso_8601_whatever_the_file_has(endpoint, folder):
    fake = endpoint(sold="date", size="number")
    (folder / "model.toml").write_text(SETTINGS.replace("[split]", 'date_formats = ["%d.%m.%Y"]\n[split]'))
    (folder / "table.csv").write_text("sold;size\n31.12.2020;1\n-;2\n30.02.2020;3\n2.1.2021;4\n")

    with pytest.raises(CommandFailed, match="1 row was not predicted.*line 4: sold: expected a date"):
        module.predict(["table.csv"], output=Path("answer.csv"))
    assert sent(fake) == [
        {"sold": "2020-12-31", "size": 1.0},
        {"sold": None, "size": 2.0},
        {"sold": "2021-01-02", "size": 4.0},
    ]


def test_named_settings_go_before_those_of_the_folder(predict, endpoint, folder):
    endpoint()
    (folder / "model.toml").write_text(SETTINGS)
    (folder / "other.toml").write_text(SETTINGS.replace('";"', '"|"'))
    (folder / "table.csv").write_text("city|change\nAustin|1,5\n")

    assert predict("table.csv", "|", settings_file=folder / "other.toml")[1][:2] == ["Austin", "1,5"]


def test_settings_of_another_model_are_refused(predict, endpoint, folder):
    fake = endpoint()
    (folder / "model.toml").write_text(SETTINGS.replace("houses", "boats"))

    with pytest.raises(InvalidSettings, match="model.toml is of the model 'boats', and the endpoint serves 'houses'"):
        predict(write(ROWS))
    assert not fake.bodies


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["city", "change", "city"], ["a", "1", "b"]], "has more than one column 'city'"),
        ([["city", "prediction"], ["a", "1"]], "has no column 'change', which the model needs; it has: city, pred"),
        ([["city", "change", "prediction"], ["a", "1", "2"]], "has a column 'prediction', which is added"),
        ([["city", "change"]], "table.csv has no rows"),
        ([["city", "change"], ["a", "1%"], ["b", "1"]], "column 'change' has numbers of different units"),
    ],
)
def test_a_file_that_cannot_be_answered_is_refused_before_anything_is_sent(predict, endpoint, rows, said):
    fake = endpoint()

    with pytest.raises((CommandFailed, InvalidData), match=said):
        predict(write(rows))
    assert not fake.bodies


def test_one_bad_row_of_thousands_is_named_by_its_line_and_the_others_are_predicted(predict, endpoint):
    fake = endpoint()
    rows = [[f"city {place}", str(place)] for place in range(2500)]
    rows[1700][1] = "many"
    # A cell of two lines, and an empty line, come before it.
    rows[3][0], rows[5] = "two\nlines", []
    name = write([["city", "change"], *rows])

    with pytest.raises(CommandFailed) as failed:
        predict(name, rejected=Path("rejected.csv"))
    assert str(failed.value) == (
        '1 row was not predicted; the first: line 1703: change: expected a finite number or null, got "many". '
        "All are in rejected.csv"
    )
    assert [row[:2] for row in read("answer.csv")[1:]] == [*rows[:5], *rows[6:1700], *rows[1701:]]
    assert read("rejected.csv") == [
        ["line", "reason", "city", "change"],
        ["1703", 'change: expected a finite number or null, got "many"', "city 1700", "many"],
    ]
    # No request was refused for it, which would count towards an alarm.
    assert [len(body["instances"]) for body in fake.bodies] == [1000, 1000, 498]


def test_rows_that_only_the_endpoint_refuses_are_set_aside_however_many(predict, endpoint):
    fake = endpoint()
    rows = [["a", "1e39" if place % 2 else str(place)] for place in range(500)]
    name = write([["city", "change"], *rows])

    with pytest.raises(CommandFailed, match=r"^250 rows were not predicted; the first: line 3: change: expected some"):
        predict(name)
    assert [row[:2] for row in read("answer.csv")[1:]] == rows[::2]
    # An answer names a hundred wrong fields.
    assert len(fake.bodies) == 4


def test_a_required_value_that_is_missing_sets_its_row_aside(predict, endpoint):
    endpoint(city="category!", change="number")

    with pytest.raises(CommandFailed, match="line 3: city: expected text, since no training row lacked it, got"):
        predict(write(ROWS))
    assert len(read("answer.csv")) == 2


def test_it_says_so_if_every_row_is_bad(predict, endpoint):
    endpoint(note="number!")

    with pytest.raises(CommandFailed, match=r"^none of 2 rows was predicted; the first: line 2: note: expected"):
        predict(write([["note"], ["a"], ["b"]]))
    assert read("answer.csv") == [["note", "prediction", "prediction_id"]]


def test_a_refusal_that_is_about_no_row_ends_the_command(predict, endpoint, monkeypatch):
    fake = endpoint()

    def refuse(_body):
        raise RequestRefused(503, {"message": "no model"})

    monkeypatch.setattr(fake, "predict", refuse)
    with pytest.raises(RequestRefused, match="503"):
        predict(write(ROWS))


def test_one_row_of_json_lines_of_another_type_does_not_end_it(predict, endpoint, folder):
    fake = endpoint()
    lines = [{"city": "a", "change": 1.5}, {"city": "b", "change": "many"}, {"city": "c", "change": 2}]
    (folder / "rows").write_text("\n\n".join(map(json.dumps, lines)))

    with pytest.raises(CommandFailed, match="1 row was not predicted; the first: line 3: change: expected"):
        predict("rows")
    assert sent(fake) == [{"city": "a", "change": 1.5}, {"city": "c", "change": 2.0}]


def test_the_answer_and_the_rejected_rows_need_two_files(predict, endpoint, folder):
    endpoint()

    with pytest.raises(CommandFailed, match="--output and --rejected both name"):
        predict(write(ROWS), rejected=folder / "answer.csv")


def test_text_that_a_spreadsheet_would_run_is_quoted_in_the_rejected_rows_too(predict, endpoint):
    endpoint()

    with pytest.raises(CommandFailed, match="All are in rejected.csv"):
        predict(write([["city", "change"], ["=1+1", "x"], ["a", "1"]]), spreadsheet=True, rejected=Path("rejected.csv"))
    assert read("rejected.csv")[1][2:] == ["'=1+1", "x"]


def test_a_request_stays_below_the_limit_of_a_body(predict, endpoint):
    fake = endpoint(city="category")
    # Each character is six in JSON.
    predict(write([["city"], *[["ä" * 900]] * 400]))

    assert sum(len(body["instances"]) for body in fake.bodies) == 400
    # The endpoint asserts the limit; three requests would do.
    assert len(fake.bodies) == 3


def test_a_model_of_many_classes_gets_as_many_rows_as_it_takes(predict, endpoint):
    fake = endpoint(change="number", classes=[f"class {place:0200d}" for place in range(30)])
    predict(write([["change"], *[["1"]] * 600]))

    assert max(len(body["instances"]) for body in fake.bodies) < 500
