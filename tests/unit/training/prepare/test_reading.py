"""CSV and Parquet, one file or several: what comes out of them, and what makes no difference."""

import dataclasses
import datetime
import decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evergreen.errors import InvalidData
from evergreen.settings.sections import DataSettings
from tests.unit.training.prepare.houses import SETTINGS, houses, prepare_path, prepared
from training.reading import csv_file
from training.reading.table import header, read_table


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    file = tmp_path / "houses.csv"
    houses().to_csv(file, index=False, encoding="utf-8-sig")

    assert header(file, SETTINGS.data)[0] == "id"
    assert prepare_path(file).contract == prepared(houses(), tmp_path).contract


def test_numbers_are_the_nearest_that_float64_has(tmp_path):
    texts = ["0.1", "1e+05", "+5", ".5", "1.", "3.0000000000000004", "-0.30000000000000004", "9007199254740991"]
    file = tmp_path / "numbers.csv"
    file.write_text("number,other\n" + "".join(f"{text} ,1\n" for text in texts))

    assert read_table(file).number.tolist() == [float(text) for text in texts]


@pytest.mark.parametrize("word", ["", "NA", '"NA"', "NaN", "null", "None"])
def test_the_usual_words_for_a_missing_cell_are_missing(tmp_path, word):
    file = tmp_path / "houses.csv"
    file.write_text(f"city,rooms,price\nWaco,1,5\n{word},{word},6\nWaco,3,7\n")
    table = read_table(file)

    assert table.city.isna().tolist() == table.rooms.isna().tolist() == [False, True, False]
    assert table.rooms.dtype == "float64"


def test_a_cell_may_hold_commas_lines_and_quotation_marks(tmp_path):
    frame = houses().assign(city=['a "b",\nc' if number % 2 else '5" pipe' for number in range(200)])

    assert prepared(frame, tmp_path).contract.features[1].categories == ('5" pipe', 'a "b",\nc')


def test_a_column_that_begins_with_numbers_and_goes_on_with_words_is_text_from_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "_BLOCK", 1000)
    frame = houses().assign(city=["7" if number < 80 else f"street {number % 9}" for number in range(200)])
    parts = prepared(frame, tmp_path)

    assert parts.train.city[0] == "7"
    assert len(parts.contract.features[1].categories) == 10


def test_several_files_are_one_table(tmp_path):
    folder = tmp_path / "houses"
    folder.mkdir()
    frame = houses()
    frame[:70].to_csv(folder / "a.csv", index=False)
    frame[["price", "rooms", "city", "day", "id"]][70:].to_csv(folder / "b.csv", index=False)

    pd.testing.assert_frame_equal(prepare_path(folder).train, prepared(frame, tmp_path).train)


def test_several_parquet_files_are_one_table_and_a_column_may_be_empty_in_one(tmp_path):
    folder = tmp_path / "houses"
    folder.mkdir()
    frame = houses().astype({"rooms": object, "city": "category"})
    frame.loc[:69, "rooms"] = None
    frame[:70].assign(rooms=None).to_parquet(folder / "a.parquet")
    frame[70:].astype({"rooms": "float64"}).to_parquet(folder / "b.parquet")

    pd.testing.assert_frame_equal(prepare_path(folder).train, prepared(frame, tmp_path).train)


def test_a_wrong_cell_is_named_by_its_file_and_line(tmp_path):
    folder = tmp_path / "houses"
    folder.mkdir()
    frame = houses().astype({"rooms": object})
    frame.loc[75, "rooms"] = "many"
    frame[:70].to_csv(folder / "a.csv", index=False)
    frame[70:].to_csv(folder / "b.csv", index=False)

    with pytest.raises(InvalidData, match=r"^b.csv line 7: column 'rooms' has 'many'"):
        prepare_path(folder)


def test_a_wrong_cell_of_parquet_is_named_by_its_row(tmp_path):
    houses().assign(rooms=[float("inf") if number == 6 else 1.0 for number in range(200)]).to_parquet(
        tmp_path / "houses.parquet"
    )

    with pytest.raises(InvalidData, match=r"^houses.parquet row 7: column 'rooms' has inf where a number belongs"):
        prepare_path(tmp_path / "houses.parquet")


TYPES = {
    "whole": (pa.array([1, 2, None] * 100, pa.int16()), "number"),
    "unsigned": (pa.array([2**53 - 1, 1] * 150, pa.uint64()), "number"),
    "decimal": (pa.array([decimal.Decimal("3.07"), decimal.Decimal("2.5")] * 150), "number"),
    "half": (pa.array([0.5, 1.5] * 150, pa.float32()), "number"),
    "flag": (pa.array([True, False, None] * 100), "category"),
    "digits": (pa.array(["77001", "77002"] * 150), "category"),
    "coded": (pa.array(["a", "b", None] * 100).dictionary_encode(), "category"),
    "coded numbers": (pa.array([3, 4] * 150).dictionary_encode(), "number"),
    "large": (pa.array(["a", "b"] * 150, pa.large_string()), "category"),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_type_of_parquet_is_taken_at_its_word(tmp_path, name):
    cells, kind = TYPES[name]
    frame = pa.table({"id": range(300), "day": range(300), name: cells, "price": [0.5] * 150 + [1.5] * 150})
    pq.write_table(frame, tmp_path / "houses.parquet")
    parts = prepare_path(tmp_path / "houses.parquet")

    assert [feature.type for feature in parts.contract.features] == ["number", kind]
    assert parts.train[name].dtype == ("float64" if kind == "number" else object)
    if name == "flag":
        assert parts.contract.features[1].categories == ("false", "true")


@pytest.mark.parametrize(
    "moment", [datetime.date(2024, 1, 31), datetime.datetime(2024, 1, 31, 7, tzinfo=datetime.UTC)], ids=["day", "time"]
)
def test_dates_of_parquet_split_and_are_features(tmp_path, moment):
    days = [moment + datetime.timedelta(days=number) for number in range(200)]
    file = tmp_path / "houses.parquet"
    pq.write_table(pa.Table.from_pandas(houses()).set_column(1, "day", pa.array(days)), file)
    left_out = dataclasses.replace(SETTINGS, data=DataSettings(path="", target="price", leave_out=["id", "day"]))

    assert prepare_path(file, left_out).train.price.max() == 1159
    assert prepare_path(file).contract.features[0].type == "date"


def test_a_type_that_can_be_no_feature_is_named(tmp_path):
    frame = pa.Table.from_pandas(houses()).append_column("tags", pa.array([["a"]] * 200))
    pq.write_table(frame, tmp_path / "houses.parquet")

    with pytest.raises(InvalidData, match=r"'tags' is of type list.* leave it out"):
        prepare_path(tmp_path / "houses.parquet")


def test_the_index_that_pandas_writes_into_parquet_is_no_column(tmp_path):
    houses().sample(frac=1, random_state=0).to_parquet(tmp_path / "houses.parquet")

    assert header(tmp_path / "houses.parquet", SETTINGS.data) == ["id", "day", "city", "rooms", "price"]


def test_columns_that_are_left_out_are_not_even_typed(tmp_path):
    frame = houses().assign(id=["17" if number % 3 else "?" for number in range(200)])

    assert prepared(frame, tmp_path).contract == prepared(houses(), tmp_path).contract
