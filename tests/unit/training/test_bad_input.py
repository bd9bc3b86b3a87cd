"""Tables that cannot be trained on: what a user is told, and that nothing is left behind."""

import dataclasses
import gzip
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from evergreen.errors import InvalidData
from evergreen.settings.sections import DataSettings, ModelSettings, PreprocessingSettings, SplitSettings
from evergreen.versions.data_version import of_path
from tests.unit.training.prepare.houses import SETTINGS, houses, run
from training import prepare

CLASSES = dataclasses.replace(SETTINGS, task="classification", metric="accuracy")


def refusal(content: bytes | str | pd.DataFrame, folder: Path, settings: ModelSettings = SETTINGS) -> str:
    """The message about a file with this content."""
    if isinstance(content, pd.DataFrame):
        content = content.to_csv(index=False)
    (folder / "houses.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return refused(folder / "houses.csv", settings)


def refused(path: Path, settings: ModelSettings = SETTINGS) -> str:
    with pytest.raises(InvalidData) as caught:
        run(path, settings)
    assert not (path.parent / "out").exists()
    return str(caught.value)


def with_cell(column: str, row: int, value: object) -> pd.DataFrame:
    frame = houses().astype({column: object})
    frame.loc[row, column] = value
    return frame


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "<workbook/>")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x7fELF\x02\x01\x01\x00\x00", "binary"),
        (b"%PDF-1.7", "a PDF"),
        (gzip.compress(b"\x00\x01\x02", mtime=0), "binary"),
    ],
)
def test_what_is_no_csv_is_told_what_it_seems_to_be(tmp_path, content, kind):
    assert refusal(content, tmp_path) == (
        f"houses.csv is neither CSV, JSON lines, Parquet nor Excel: it seems to be {kind}. Save it as CSV in UTF-8, "
        "or Parquet"
    )


def test_an_archive_of_several_files_is_told_to_be_unpacked(tmp_path):
    assert "is a zip archive of 2 files; it must hold the one" in refusal(zipped("a.csv", "b.csv"), tmp_path)


def test_utf_16_is_told_its_encoding(tmp_path):
    assert refusal("id,day\n1,2\n".encode("utf-16"), tmp_path) == (
        'houses.csv is text in UTF-16. Set [data] encoding = "utf-16" in model.toml'
    )


@pytest.mark.parametrize("cut", [30, -9])
def test_damaged_compression_is_named(tmp_path, cut):
    whole = gzip.compress(houses().to_csv(index=False).encode(), mtime=0)

    assert "houses.csv is compressed, and damaged: " in refusal(whole[:cut], tmp_path)


def test_damaged_parquet_is_named(tmp_path):
    assert "houses.csv begins like Parquet but cannot be read" in refusal(b"PAR1 and no more", tmp_path)


@pytest.mark.parametrize(("delimiter", "called"), [(";", "a semicolon"), ("\t", "a tab"), ("|", "a vertical bar")])
def test_another_delimiter_is_named(tmp_path, delimiter, called):
    message = refusal(houses().to_csv(index=False, sep=delimiter), tmp_path)

    assert f"no comma but {called}, which seems to be the delimiter; set [data] delimiter = " in message
    assert json.dumps(delimiter) in message


def test_latin_1_is_named_with_the_line(tmp_path):
    message = refusal(with_cell("city", 7, "Zürich").to_csv(index=False).encode("latin-1"), tmp_path)

    assert "cannot be read in UTF-8: line 9 is in another encoding" in message
    assert "Zürich" in message
    assert 'set [data] encoding = "cp1252"' in message


def test_latin_1_in_the_header_is_named_too(tmp_path):
    assert "line 1 is in another encoding" in refusal("größe,day,price\n1,2,3\n".encode("latin-1"), tmp_path)


def test_an_empty_file_is_refused(tmp_path):
    assert refusal("", tmp_path) == "houses.csv is empty: it needs a header line and rows"


def test_a_header_without_rows_is_refused(tmp_path):
    assert refusal("id,day,city,rooms,price\n\n\n", tmp_path) == "houses.csv has a header line but no rows"


def test_a_missing_column_is_named_beside_those_that_are_there(tmp_path):
    message = refusal(houses().rename(columns={"price": "cost"}), tmp_path)

    assert message == "houses.csv has no column 'price', which model.toml names; it has: id, day, city, rooms, cost"


def test_a_column_to_leave_out_that_is_not_there_is_named(tmp_path):
    assert "no column 'id'" in refusal(houses().drop(columns="id"), tmp_path)


def test_two_columns_of_one_name_are_refused(tmp_path):
    message = refusal(houses().rename(columns={"rooms": "city"}), tmp_path)

    assert message == "houses.csv has more than one column 'city'; each needs its own name"


def test_a_column_without_a_name_is_refused(tmp_path):
    message = refusal(houses().to_csv(), tmp_path)

    assert "houses.csv: column 1 has no name in the header line" in message
    assert "index=False" in message


@pytest.mark.parametrize(("row", "cells"), [("x,1,Waco", 3), ("x,1,Waco, Texas,2,3", 6)])
def test_a_row_with_more_or_fewer_cells_than_the_header_is_named_by_line(tmp_path, row, cells):
    lines = houses().to_csv(index=False).splitlines()
    lines.insert(10, row)

    assert f"houses.csv line 11: has {cells} cells where the header line has 5" in refusal("\n".join(lines), tmp_path)


def test_a_quotation_mark_that_is_never_closed_is_named_by_line(tmp_path):
    lines = houses().to_csv(index=False).splitlines()
    lines[150] += ',"'
    lines[0] += ",remark"
    lines[1:150] = [f"{line}," for line in lines[1:150]]

    message = refusal("\n".join(lines), tmp_path)

    assert message == "houses.csv line 151: a quotation mark is opened and never closed"


def test_letters_in_a_column_of_numbers_are_named_by_line(tmp_path):
    frame = houses().astype({"rooms": object})
    frame.loc[[40, 41], "rooms"] = "many"

    # Row 40 stands on line 42: the header is line 1.
    assert refusal(frame, tmp_path) == (
        "houses.csv line 42: column 'rooms' has 'many' where a number belongs (2 such rows). "
        'Correct the rows, or leave the column out in model.toml; if they are codes, [columns] rooms = "category"'
    )


def test_empty_lines_are_passed_over_and_counted(tmp_path):
    lines = houses().to_csv(index=False).splitlines()
    lines[10] = lines[10].rsplit(",", 1)[0] + ",dear"
    lines.insert(5, "")

    assert "line 12: column 'price' has 'dear'" in refusal("\n".join(lines) + "\n\n", tmp_path)


@pytest.mark.parametrize("word", ["inf", "-inf", "Infinity", "1e999"])
@pytest.mark.parametrize("column", ["rooms", "price"])
def test_infinite_numbers_are_refused_by_line(tmp_path, word, column):
    assert f"line 9: column '{column}' has " in refusal(with_cell(column, 7, word), tmp_path)


def test_a_target_that_is_missing_in_all_rows_is_refused(tmp_path):
    for settings in (SETTINGS, CLASSES):
        message = refusal(houses().assign(price=None), tmp_path, settings)
        assert message == (
            "houses.csv: the target 'price' is missing in all 200 rows; training needs rows with a target"
        )


def test_a_target_of_one_class_is_refused(tmp_path):
    message = refusal(houses().assign(price="sold"), tmp_path, CLASSES)

    assert "the target 'price' has 1 different values, 'sold', in the training rows" in message


def test_a_single_row_is_refused(tmp_path):
    assert "of 1 row with a target, 0 training rows are left; 20 are needed" in refusal(houses(1), tmp_path)


def test_too_few_rows_are_refused(tmp_path):
    assert "of 30 rows with a target, 6 holdout rows are left; 20 are needed" in refusal(houses(30), tmp_path)


@pytest.mark.parametrize("date", ["{:02}.03.2024", "3/{}/24", "{} March 2024", "Mar {}, 2024"])
def test_dates_that_are_not_iso_8601_are_refused_and_there_is_a_way_out(tmp_path, date):
    frame = houses().assign(city=[date.format(number % 28 + 1) for number in range(200)])
    message = refusal(frame, tmp_path)

    assert "column 'city' holds dates of another format than ISO 8601" in message
    assert "set [data] date_formats" in message


@pytest.mark.parametrize("text", ["1-{}", "A2024-03-{}", "12-34-{}", "2024", "room {}", "may"])
def test_texts_that_only_look_a_little_like_dates_are_categories(tmp_path, text):
    frame = houses().assign(city=[text.format(number % 28 + 40) for number in range(200)])
    frame.to_csv(tmp_path / "houses.csv", index=False)

    run(tmp_path / "houses.csv")


def test_a_column_of_identifiers_is_refused_with_the_line_that_takes_it_all_the_same(tmp_path):
    frame = houses(600).assign(city=[f"street {number}" for number in range(600)])

    assert refusal(frame, tmp_path) == (
        "houses.csv: column 'city' has 600 different texts in 600 rows, fewer than two rows for each, like an "
        "identifier or a note: a model learns nothing from them that holds for other rows. Leave it out in "
        'model.toml; if it is a category all the same: [columns] city = "category"'
    )


@pytest.mark.parametrize(
    ("text", "length"),
    [("{} we stayed here two nights and liked it much", "10 words"), ("{}" + "ß" * 120, "122.6 characters")],
)
def test_free_text_is_refused_even_if_it_comes_again(tmp_path, text, length):
    frame = houses(1200).assign(city=[text.format(number % 300) for number in range(1200)])

    assert f"'city' has 300 different texts of {length} on average, like free text" in refusal(frame, tmp_path)


def test_categories_that_an_endpoint_cannot_answer_are_refused(tmp_path):
    frame = houses(2200).assign(city=[f"{number % 1100} " + "é" * 980 for number in range(2200)])
    settings = dataclasses.replace(SETTINGS, columns={"city": "category"})

    message = refusal(frame, tmp_path, settings)
    assert "take 6.5 MB, and an endpoint can answer 4 MB. The longest are those of 'city', 1100 texts" in message


def test_a_wholly_empty_column_is_refused(tmp_path):
    assert "column 'city' is empty; leave it out" in refusal(houses().assign(city=None), tmp_path)


def test_a_split_column_that_is_no_time_is_refused(tmp_path):
    assert "[split] by needs numbers or dates. houses.csv line 2: column 'day' has 'monday'" in refusal(
        houses().assign(day="monday"), tmp_path
    )


@pytest.mark.parametrize("kind", ["time", "group"])
def test_a_split_column_with_a_gap_is_refused_by_line(tmp_path, kind):
    settings = dataclasses.replace(SETTINGS, split=SplitSettings(type=kind, by="day"))

    assert "line 6: column 'day' is empty" in refusal(with_cell("day", 4, None), tmp_path, settings)


def test_nothing_left_to_predict_from_is_refused(tmp_path):
    settings = dataclasses.replace(
        SETTINGS, data=DataSettings(path="houses.csv", target="price", leave_out=["id", "day", "city", "rooms"])
    )

    assert "no column is left to predict from" in refusal(houses(), tmp_path, settings)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    file = tmp_path / "houses.csv"
    houses().to_csv(file, index=False)
    version = of_path(file)
    houses().iloc[::-1].to_csv(file, index=False)

    with pytest.raises(InvalidData, match="houses.csv changed while it was read; try again when nothing writes to it"):
        prepare.run(version, SETTINGS, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_with_other_columns_are_refused_by_name(tmp_path):
    folder = tmp_path / "houses"
    folder.mkdir()
    houses().to_csv(folder / "a.csv", index=False)
    houses().rename(columns={"rooms": "beds"}).to_csv(folder / "b.csv", index=False)

    message = refused(folder, dataclasses.replace(SETTINGS, data=DataSettings(path="houses", target="price")))

    assert (
        message
        == "b.csv lacks 'rooms' and also has 'beds', unlike a.csv; all files of a table must have the same columns"
    )


def test_files_of_two_formats_are_refused(tmp_path):
    folder = tmp_path / "houses"
    folder.mkdir()
    houses().to_csv(folder / "a.csv", index=False)
    houses().to_parquet(folder / "b.parquet")

    assert "all files must be of one format" in refused(folder)


def test_a_column_of_two_types_in_two_parquet_files_is_refused(tmp_path):
    folder = tmp_path / "houses"
    folder.mkdir()
    houses().to_parquet(folder / "a.parquet")
    houses().astype({"rooms": str}).to_parquet(folder / "b.parquet")

    assert "column 'rooms' is number in a.parquet and text in b.parquet" in refused(folder)


def test_a_target_without_a_logarithm_is_named_with_its_line(tmp_path):
    settings = dataclasses.replace(SETTINGS, preprocessing=PreprocessingSettings(log_target=True))

    assert refusal(with_cell("price", 3, -2), tmp_path, settings) == (
        "houses.csv line 5: the target 'price' is -2 (1 row of -1 or less), and [preprocessing] log_target takes the "
        "logarithm of 1 + target. Correct the rows, or set log_target = false"
    )
