"""Prepare: the split, the contract, and what is said of a table that cannot be trained on."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from evergreen.contract import Contract
from evergreen.errors import InvalidData, InvalidSettings
from evergreen.settings import (
    DataSettings,
    DriftSettings,
    LogSettings,
    ModelSettings,
    QualitySettings,
    SplitSettings,
)
from training.prepare import CONTRACT, HOLDOUT, TRAIN, prepare, write
from training.table import read_table

SETTINGS = ModelSettings(
    name="houses",
    data=DataSettings(path="houses.csv", target="price", leave_out=["id"]),
    split=SplitSettings(by="day", holdout=0.2),
)


def houses(rows: int = 200) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"h{number}" for number in range(rows)],
            "day": [number // 2 for number in range(rows)],
            "city": ["Austin" if number % 3 else "Waco" for number in range(rows)],
            "rooms": [number % 5 + 1 for number in range(rows)],
            "price": [1000 + number for number in range(rows)],
        }
    )


def prepared(frame: pd.DataFrame, folder: Path, settings: ModelSettings = SETTINGS):
    file = folder / "houses.csv"
    frame.to_csv(file, index=False)
    return prepare(read_table(file), settings, file=file.name)


def refusal(text: str, folder: Path) -> str:
    file = folder / "houses.csv"
    file.write_text(text)
    with pytest.raises(InvalidData) as caught:
        prepare(read_table(file), SETTINGS, file=file.name)
    return str(caught.value)


def as_csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False)


def test_the_holdout_comes_after_the_training_rows_and_shares_no_moment_with_them(tmp_path):
    shuffled = houses().sample(frac=1, random_state=1)
    parts = prepared(shuffled, tmp_path)

    assert len(parts.train) == 160
    assert len(parts.holdout) == 40
    assert parts.train.day.max() < parts.holdout.day.min()


def test_a_moment_that_the_cut_falls_into_goes_to_the_holdout_whole(tmp_path):
    frame = houses().assign(day=[number // 30 for number in range(200)])
    parts = prepared(frame, tmp_path)

    assert not set(parts.train.day) & set(parts.holdout.day)
    assert len(parts.holdout) >= 40


def test_dates_split_by_time_and_not_by_alphabet(tmp_path):
    days = pd.date_range("2024-12-01", periods=200).strftime("%Y-%m-%dT00:00:00Z")
    settings = dataclasses.replace(SETTINGS, data=DataSettings(path="", target="price", leave_out=["id", "day"]))
    parts = prepared(houses().assign(day=days).iloc[::-1], tmp_path, settings)

    assert parts.train.price.max() < parts.holdout.price.min()
    assert "day" not in parts.train


def test_columns_left_out_and_the_target_are_not_features(tmp_path):
    assert [feature.name for feature in prepared(houses(), tmp_path).contract.features] == ["day", "city", "rooms"]


def test_the_contract_knows_only_the_training_rows(tmp_path):
    frame = houses()
    frame.loc[frame.day >= 80, ["city", "rooms"]] = ["Paris", 99]
    day, city, rooms = prepared(frame, tmp_path).contract.features

    assert city.categories == ("Austin", "Waco")
    assert (rooms.minimum, rooms.maximum) == (1, 5)
    assert (day.minimum, day.maximum) == (0, 79)


def test_a_feature_may_be_missing_if_a_training_row_lacked_it(tmp_path):
    frame = houses().astype({"rooms": object})
    frame.loc[3, "rooms"] = None
    frame.loc[199, "city"] = None
    _, city, rooms = prepared(frame, tmp_path).contract.features

    assert rooms.missing_allowed
    assert not city.missing_allowed


def test_rows_without_target_are_dropped_and_counted(tmp_path):
    frame = houses().astype({"price": object})
    frame.loc[:9, "price"] = None
    parts = prepared(frame, tmp_path)

    assert parts.dropped_rows == 10
    assert len(parts.train) + len(parts.holdout) == 190


def test_the_parts_are_written_as_they_are(tmp_path):
    parts = prepared(houses(), tmp_path)
    summary = write(parts, tmp_path / "out", data_file=tmp_path / "houses.csv")

    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out" / TRAIN), parts.train)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out" / HOLDOUT), parts.holdout)
    assert Contract.from_json((tmp_path / "out" / CONTRACT).read_bytes()) == parts.contract
    assert summary["train_rows"] == 160
    assert len(summary["data_sha256"]) == 64


def test_an_empty_file_is_refused(tmp_path):
    assert "houses.csv is empty" in refusal("", tmp_path)


def test_a_header_without_rows_is_refused(tmp_path):
    assert "no rows" in refusal("id,day,city,rooms,price\n", tmp_path)


def test_a_missing_column_is_named_beside_those_that_are_there(tmp_path):
    message = refusal(as_csv(houses().rename(columns={"price": "cost"})), tmp_path)

    assert "no column 'price'" in message
    assert "cost" in message


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"drift": DriftSettings(leave_out=["year"])}, r"\[drift\] leave_out"),
        ({"drift": DriftSettings(season="year")}, r"\[drift\] season"),
        ({"quality": QualitySettings(slices=["city", "year"])}, r"\[quality\] slices"),
        ({"log": LogSettings(leave_out=["year"])}, r"\[log\] leave_out"),
    ],
)
def test_a_feature_that_only_the_settings_know_is_named_beside_those_that_are_there(tmp_path, changes, setting):
    settings = dataclasses.replace(SETTINGS, **changes)
    with pytest.raises(InvalidSettings, match=f"{setting} names 'year'.*the features are: day, city, rooms"):
        prepared(houses(), tmp_path, settings)


def test_letters_in_a_column_of_numbers_are_named_by_line(tmp_path):
    frame = houses().astype({"rooms": object})
    frame.loc[[40, 41], "rooms"] = "many"

    message = refusal(as_csv(frame), tmp_path)

    # Row 40 stands on line 42: the header is line 1.
    assert "line 42" in message
    assert "'rooms' has 'many'" in message
    assert "2 such rows" in message


def test_empty_lines_are_passed_over_and_counted(tmp_path):
    lines = as_csv(houses()).splitlines()
    lines[10] = lines[10].rsplit(",", 1)[0] + ",dear"
    lines.insert(5, "")

    assert "line 12: column 'price' has 'dear'" in refusal("\n".join(lines) + "\n\n", tmp_path)


@pytest.mark.parametrize("word", ["inf", "-inf", "1e999"])
def test_infinite_numbers_are_refused(tmp_path, word):
    frame = houses().astype({"rooms": object})
    frame.loc[7, "rooms"] = word

    assert "line 9" in refusal(as_csv(frame), tmp_path)


def test_a_text_column_with_too_many_values_is_refused(tmp_path):
    frame = houses(600).assign(city=[f"street {number}" for number in range(600)])

    assert "'city' has 600 different texts" in refusal(as_csv(frame), tmp_path)


def test_a_wholly_empty_column_is_refused(tmp_path):
    assert "'city' is empty" in refusal(as_csv(houses().assign(city=None)), tmp_path)


def test_a_split_column_that_is_no_time_is_refused(tmp_path):
    assert "neither numbers nor ISO 8601" in refusal(as_csv(houses().assign(day="monday")), tmp_path)


def test_a_split_column_with_a_gap_is_refused_by_line(tmp_path):
    frame = houses().astype({"day": object})
    frame.loc[4, "day"] = None

    assert "line 6: column 'day' is empty" in refusal(as_csv(frame), tmp_path)


def test_too_few_rows_are_refused(tmp_path):
    assert "20 are needed" in refusal(as_csv(houses(30)), tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    file = tmp_path / "houses.csv"
    file.write_bytes(as_csv(houses()).replace("Waco", "Zürich").encode("latin-1"))

    with pytest.raises(InvalidData, match="UTF-8"):
        read_table(file)
