"""Excel workbooks: the table that the sheet shows, or one line that says which cell stands in the way."""

import dataclasses
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evergreen.errors import InvalidData
from evergreen.settings.sections import DataSettings
from tests.unit.training.prepare import workbook
from tests.unit.training.prepare.houses import SETTINGS, houses, prepare_path, prepared
from tests.unit.training.prepare.workbook import DIVISION, NOT_AVAILABLE, Xml, rows_of

PLAIN = DataSettings(path="houses.xlsx", target="price", leave_out=["id"])
HEAD = ["day", "price"]


def with_data(**data: Any):
    return dataclasses.replace(SETTINGS, data=dataclasses.replace(PLAIN, **data))


def saved(frame: pd.DataFrame, folder: Path) -> Path:
    return workbook.write(folder / "houses.xlsx", {"Houses": rows_of(frame)})


def refusal(path: Path, settings=SETTINGS) -> str:
    with pytest.raises(InvalidData) as refused:
        prepare_path(path, settings)
    return str(refused.value)


def test_a_workbook_and_a_csv_of_the_same_table_are_the_same_table(tmp_path):
    frame = houses().assign(size=[row / 7 for row in range(200)], city=["Zürich & <x>", "Genève"] * 100)
    frame.loc[[3, 50], "size"] = None
    expected = prepared(frame, tmp_path)

    # Whatever its name.
    parts = prepare_path(saved(frame, tmp_path).rename(tmp_path / "houses.csv"))

    pd.testing.assert_frame_equal(parts.train, expected.train)
    assert parts.contract == expected.contract


def test_dates_and_true_and_false_are_as_in_parquet(tmp_path):
    frame = houses().assign(
        # Midnights among other times.
        built=pd.Timestamp("2024-01-01") + pd.to_timedelta([6 * row for row in range(200)], unit="h"),
        sold=[row % 3 == 0 for row in range(200)],
    )
    frame.to_parquet(tmp_path / "houses.parquet")
    cells = frame.assign(built=pd.Series([moment.to_pydatetime() for moment in frame.built], dtype=object))

    parts = prepare_path(saved(cells, tmp_path))

    expected = prepare_path(tmp_path / "houses.parquet")
    assert {feature.name: feature.type for feature in parts.contract.features}["built"] == "date"
    assert parts.contract == expected.contract
    pd.testing.assert_frame_equal(parts.train, expected.train)


def test_a_mark_among_numbers_is_named_by_its_row_in_the_sheet(tmp_path):
    rows = rows_of(houses().astype({"rooms": object}))
    rows[150][3] = "?"
    # Two empty rows in between.
    moved = {number if number < 100 else number + 2: cells for number, cells in rows.items()}
    path = workbook.write(tmp_path / "houses.xlsx", {"Houses": moved})

    assert refusal(path).startswith(
        "houses.xlsx row 152: column 'rooms' has '?' where a number belongs (1 such row). If that means a missing value"
    )
    parts = prepare_path(path, with_data(missing=["?"]))
    assert len(parts.train) + len(parts.holdout) == 200


def test_an_error_is_missing_only_if_the_marks_say_so(tmp_path):
    rows = rows_of(houses())
    rows[8][3], rows[9][3] = NOT_AVAILABLE, DIVISION
    path = workbook.write(tmp_path / "houses.xlsx", {"Houses": rows})

    assert refusal(path).startswith("houses.xlsx row 9: column 'rooms' has '#DIV/0!' where a number belongs (1 such")
    parts = prepare_path(path, with_data(missing=["#N/A", "#DIV/0!"]))
    assert parts.train.rooms.isna().sum() == 2


def test_a_formula_is_its_value_and_one_without_a_value_is_refused(tmp_path):
    rows = rows_of(houses())
    rows[2][3] = Xml("", "<f>1+6</f><v>7</v>")
    path = workbook.write(tmp_path / "houses.xlsx", {"Houses": rows})
    assert prepare_path(path).train.rooms.max() == 7

    rows[9][3] = Xml("", "<f>1+6</f><v></v>")
    assert refusal(workbook.write(path, {"Houses": rows})) == (
        "houses.xlsx: the sheet 'Houses': cell D9 has a formula that was never computed. Open the workbook in Excel or "
        "LibreOffice, and save it"
    )


def test_numbers_are_numbers_whatever_the_decimal_sign_of_texts(tmp_path):
    frame = houses().assign(size=[row + 0.5 for row in range(200)], rooms=[f"{row},25" for row in range(200)])

    parts = prepare_path(saved(frame, tmp_path), with_data(decimal=","))

    assert (parts.train["size"].min(), parts.train.rooms.min()) == (0.5, 0.25)


def test_the_first_sheet_that_is_not_hidden_is_read_or_the_one_that_is_named(tmp_path):
    sheets = {"Lists": {1: ["x"]}, "Houses": rows_of(houses()), "More": rows_of(houses().assign(rooms=9))}
    path = workbook.write(tmp_path / "houses.xlsx", sheets, hidden=["Lists"])

    assert prepare_path(path).train.rooms.max() == 5
    assert prepare_path(path, with_data(sheet="More")).train.rooms.max() == 9
    assert refusal(path, with_data(sheet="more")) == (
        "houses.xlsx has no sheet 'more', which [data] sheet names; it has: 'Houses', 'More'"
    )


@pytest.mark.parametrize(
    ("rows", "merged", "words"),
    [
        ({}, "", "is empty: it needs the names of the columns in row 1, and rows. To read another sheet, name it"),
        ({2: HEAD, 3: [1, 2]}, "", "cell A1 is empty, where the name of a column belongs. Name the column, or delete"),
        ({1: ["Houses of 2024"], 2: HEAD, 3: [1, 2]}, "", "cell B1 is empty, where the name of a column belongs."),
        ({1: HEAD, 2: [1, 2, 3]}, "", "cell C1 is empty, where the name"),
        ({1: HEAD, 2: [1, 2]}, "A2:A3", "the cells A2:A3 are merged, so that only the first has a value. Unmerge them"),
        ({1: HEAD, 1_048_576: [1, 2]}, "", "is filled to the last row that Excel has, 1,048,576; the rows beyond may"),
        ({1: ["day", "day"], 2: [1, 2]}, "", "has more than one column 'day'; each needs its own name"),
        ({1: HEAD}, "", "houses.xlsx has columns but no rows"),
    ],
)
def test_a_sheet_that_is_no_table_is_told_which_cell_is_wrong(tmp_path, rows, merged, words):
    path = workbook.write(tmp_path / "houses.xlsx", {"Houses": rows}, merged=merged)

    told = refusal(path, with_data(leave_out=[]))
    assert words in told
    assert "\n" not in told


def test_a_cell_far_beyond_the_table_is_refused_before_the_cells_between_fill_the_memory(tmp_path):
    rows = {1: HEAD, 2: [1, 2]}
    path = workbook.write(tmp_path / "houses.xlsx", {"Houses": rows}, extent="A1:XFD200000")

    assert "has cells up to XFD200000, which makes 3,276,800,000 with the empty ones, more than" in refusal(path)


def test_workbooks_of_other_kinds_are_told_the_remedy(tmp_path):
    path = tmp_path / "houses.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    assert "houses.xls is an Excel workbook of the format before 2007 (.xls), or no workbook. Save it as" in refusal(
        path
    )
    path.write_bytes(path.read_bytes() + "EncryptedPackage".encode("utf-16-le"))
    assert refusal(path) == "houses.xls is an encrypted Excel workbook. Save it without a password"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", b"")
    assert "houses.xls is a binary Excel workbook (.xlsb). Save it as .xlsx, CSV in UTF-8 or Parquet" in refusal(path)


@pytest.mark.parametrize("damaged", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"])
@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_workbook_is_named(tmp_path, damaged, cut):
    path = saved(houses(), tmp_path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[damaged] = parts[damaged][: len(parts[damaged]) // 2]
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            if cut or part != damaged or part == "xl/workbook.xml":
                archive.writestr(part, content)

    assert "houses.xlsx is an Excel workbook that cannot be read: " in refusal(path)


def test_the_library_is_loaded_for_a_workbook_only(tmp_path):
    frame = houses()
    frame.to_csv(tmp_path / "houses.csv", index=False)
    program = (
        "import sys; from pathlib import Path; from training.reading.table import read_table; "
        "read_table(Path(sys.argv[1])); print('python_calamine' in sys.modules)"
    )
    for path, loaded in ((tmp_path / "houses.csv", "False"), (saved(frame, tmp_path), "True")):
        command = [sys.executable, "-c", program, str(path)]
        finished = subprocess.run(command, capture_output=True, text=True, check=True)
        assert finished.stdout.strip() == loaded
