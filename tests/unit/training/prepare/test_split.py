"""The three splits: what is on which side, and what never changes it."""

import dataclasses
from hashlib import blake2b

import numpy as np
import pandas as pd
import pytest

from evergreen.errors import InvalidData
from evergreen.settings.sections import DataSettings, SplitSettings
from tests.unit.training.prepare.houses import SETTINGS, houses, prepare_path, prepared
from training.preparing.row_hash import hash_rows

RANDOM = dataclasses.replace(SETTINGS, split=SplitSettings(type="random", holdout=0.2))
BY_ROOMS = dataclasses.replace(SETTINGS, split=SplitSettings(type="group", by="id", holdout=0.2))


def sides(parts) -> dict[float, str]:
    """On which side a house is, by its price: no two have the same."""
    return dict.fromkeys(parts.train.price, "train") | dict.fromkeys(parts.holdout.price, "holdout")


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


def test_rows_without_target_need_no_moment(tmp_path):
    frame = houses().astype({"day": object, "price": object})
    frame.loc[4, ["day", "price"]] = None

    assert prepared(frame, tmp_path).dropped["without target"] == 1


def test_a_group_is_on_one_side_whole(tmp_path):
    frame = houses(1000).assign(id=[f"owner {number % 100}" for number in range(1000)])
    settings = dataclasses.replace(BY_ROOMS, data=DataSettings(path="", target="price"))
    parts = prepared(frame, tmp_path, settings)

    assert not set(parts.train.id) & set(parts.holdout.id)
    assert 0.1 < len(parts.holdout) / 1000 < 0.3


def test_a_group_keeps_its_side_when_others_come_and_go(tmp_path):
    frame = houses(1000).assign(id=[f"owner {number % 100}" for number in range(1000)])
    all_rows = sides(prepared(frame, tmp_path, BY_ROOMS))
    some_rows = sides(prepared(frame[frame.price % 7 > 0], tmp_path, BY_ROOMS))

    assert some_rows == {price: all_rows[price] for price in some_rows}


def test_a_column_that_is_left_out_can_group_the_rows(tmp_path):
    parts = prepared(houses(400), tmp_path, BY_ROOMS)

    assert "id" not in parts.train
    assert len(parts.train) + len(parts.holdout) == 400


def test_a_random_split_keeps_about_its_share(tmp_path):
    parts = prepared(houses(5000), tmp_path, RANDOM)

    assert len(parts.holdout) / 5000 == pytest.approx(0.2, abs=0.02)


def test_a_row_keeps_its_side_whatever_the_other_rows_their_order_and_that_of_the_columns(tmp_path):
    frame = houses(1000)
    all_rows = sides(prepared(frame, tmp_path, RANDOM))
    others = frame.sample(frac=0.5, random_state=0)[["price", "rooms", "city", "day", "id"]]
    some_rows = sides(prepared(others, tmp_path, RANDOM))

    assert some_rows == {price: all_rows[price] for price in some_rows}


def test_a_larger_holdout_takes_rows_and_gives_none_back(tmp_path):
    larger = dataclasses.replace(RANDOM, split=SplitSettings(type="random", holdout=0.4))
    before, after = prepared(houses(1000), tmp_path, RANDOM), prepared(houses(1000), tmp_path, larger)

    assert set(before.holdout.price) < set(after.holdout.price)


def test_a_row_has_the_same_side_from_csv_and_from_parquet(tmp_path):
    generator = np.random.default_rng(0)
    frame = houses(1000).assign(price=generator.normal(size=1000), rooms=generator.normal(size=1000))
    frame.loc[::9, "rooms"] = None
    frame.loc[::7, "city"] = None
    frame.to_parquet(tmp_path / "houses.parquet")

    from_parquet = prepare_path(tmp_path / "houses.parquet", RANDOM)
    from_csv = prepared(frame, tmp_path, RANDOM)

    pd.testing.assert_frame_equal(from_parquet.train, from_csv.train)
    pd.testing.assert_frame_equal(from_parquet.holdout, from_csv.holdout)
    assert from_parquet.contract == from_csv.contract


def test_equal_rows_are_on_the_same_side_of_a_random_split(tmp_path):
    parts = prepared(pd.concat([houses(), houses()]), tmp_path, RANDOM)

    assert not set(parts.train.price) & set(parts.holdout.price)
    assert parts.dropped["duplicates of training rows"] == 0
    assert len(parts.train) + len(parts.holdout) == 400


def test_rows_by_hash_stay_in_the_order_of_the_file(tmp_path):
    shuffled = houses().sample(frac=1, random_state=1)
    parts = prepared(shuffled, tmp_path, RANDOM)

    assert parts.train.price.tolist() == [price for price in shuffled.price if price in set(parts.train.price)]


def mixed(value: int) -> int:
    """The finaliser of SplitMix64 as its paper writes it, on whole numbers."""
    value = (value + 0x9E3779B97F4A7C15) % 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def of_text(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def test_the_hash_of_a_row_is_the_documented_one():
    """It decides which rows have been held out in the past: it may never change."""
    rows = pd.DataFrame({"city": ["Waco", "Zürich", None], "rooms": [3.0, -0.0, float("nan")]})
    three, zero, missing = 0x4008000000000000, 0, 0x7FF8000000000000
    cells = [(of_text("Waco"), three), (of_text("Zürich"), zero), (0, missing)]

    assert hash_rows(rows).tolist() == [
        mixed((mixed(city ^ of_text("city")) + mixed(rooms ^ of_text("rooms"))) % 2**64) for city, rooms in cells
    ]


def test_holdout_rows_that_equal_a_training_row_are_dropped_and_counted(tmp_path):
    settings = dataclasses.replace(SETTINGS, data=DataSettings(path="", target="price", leave_out=["id", "day"]))
    frame = houses()
    frame.loc[190:194, ["city", "rooms", "price"]] = frame.loc[10:14, ["city", "rooms", "price"]].to_numpy()
    parts = prepared(frame, tmp_path, settings)

    assert parts.dropped == {"without target": 0, "duplicates of training rows": 5}
    assert len(parts.holdout) == 35


def survey(rows: int = 2000, *, answers: int = 4, seed: int = 0) -> pd.DataFrame:
    """A table of few different rows: answers, and a price of 0 or 1 that they say something of. `day` orders it."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {f"answer_{number}": generator.choice(["no", "yes"], rows, p=[0.4, 0.6]) for number in range(answers)}
    )
    yes = (frame == "yes").mean(axis=1)
    return frame.assign(day=range(rows), price=(generator.random(rows) < yes).astype(int))


FEW = dataclasses.replace(SETTINGS, data=DataSettings(path="", target="price", leave_out=["day"]), columns={})
ANSWERS = ["answer_0", "answer_1", "answer_2", "answer_3"]


@pytest.mark.parametrize(
    "split",
    [
        SplitSettings(type="random", holdout=0.2),
        SplitSettings(type="time", by="day", holdout=0.2),
        SplitSettings(type="order", holdout=0.2),
        SplitSettings(type="group", by="day", holdout=0.2),
    ],
    ids=lambda split: split.type,
)
def test_rows_of_a_table_of_few_different_ones_are_observations_by_themselves(tmp_path, split):
    parts = prepared(survey(), tmp_path, dataclasses.replace(FEW, split=split))

    assert parts.dropped["duplicates of training rows"] == 0
    assert len(parts.train) + len(parts.holdout) == 2000
    assert len(parts.holdout) == pytest.approx(400, abs=50)
    # What is judged is what is common, and of each answer as it comes out.
    learned, judged = (part.groupby(ANSWERS).price.mean() for part in (parts.train, parts.holdout))
    assert (learned - judged).abs().median() < 0.1
    assert ["2000 rows are 30 different ones" in finding for finding in parts.findings] == [True]


def test_a_row_of_a_table_of_few_different_ones_keeps_its_side_when_others_come(tmp_path):
    settings = dataclasses.replace(FEW, split=RANDOM.split)
    before = prepared(survey(), tmp_path, settings)
    more = pd.concat([survey(), survey(seed=1)], ignore_index=True)
    after = prepared(more, tmp_path, settings)

    assert set(before.holdout_index) == {row for row in after.holdout_index if row < 2000}


def test_rows_that_depend_on_a_column_of_few_values_are_no_copies(tmp_path):
    """100 products, each with its attributes: were these independent of each other, no two rows would be equal."""
    generator = np.random.default_rng(0)
    product = generator.integers(0, 100, 5000)
    attributes = {f"attribute_{number}": generator.permutation(100)[product] for number in range(8)}
    frame = pd.DataFrame({**attributes, "day": range(5000), "price": generator.integers(0, 2, 5000)})

    parts = prepared(frame, tmp_path, FEW)

    assert parts.dropped["duplicates of training rows"] == 0
    assert any("5000 rows are 200 different ones" in finding for finding in parts.findings)


def test_copies_are_known_beside_a_few_rows_that_are_equal_by_chance(tmp_path):
    generator = np.random.default_rng(0)
    frame = houses(1000).assign(rooms=generator.normal(size=1000).round(3), price=generator.integers(0, 50, 1000))
    copied = pd.concat([frame, frame.assign(day=frame.day + 1000)], ignore_index=True)
    settings = dataclasses.replace(SETTINGS, data=DataSettings(path="", target="price", leave_out=["id", "day"]))

    with pytest.raises(InvalidData, match="without 400 that equal training rows"):
        prepared(copied, tmp_path, settings)


def test_equal_features_with_another_target_are_no_duplicates(tmp_path):
    settings = dataclasses.replace(
        SETTINGS, data=DataSettings(path="", target="price", leave_out=["id", "day", "rooms"])
    )

    assert prepared(houses(), tmp_path, settings).dropped["duplicates of training rows"] == 0


def test_too_few_groups_are_refused_by_their_rows(tmp_path):
    settings = dataclasses.replace(SETTINGS, split=SplitSettings(type="group", by="city", holdout=0.01))

    with pytest.raises(InvalidData, match=r"0 holdout rows are left; 20 are needed"):
        prepared(houses(), tmp_path, settings)
