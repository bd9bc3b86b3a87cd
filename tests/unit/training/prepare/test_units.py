"""What Prepare knows of how rows depend on each other: moments, and groups."""

import dataclasses

import numpy as np
import pytest

from evergreen.errors import InvalidData, InvalidSettings
from evergreen.settings.sections import SplitSettings
from tests.unit.training.prepare.houses import SETTINGS, houses, prepare_path, prepared

BY_CITY = dataclasses.replace(SETTINGS, data=dataclasses.replace(SETTINGS.data, group="city"))


def test_rows_of_one_moment_have_one_number_and_later_rows_a_larger_one(tmp_path):
    parts = prepared(houses(), tmp_path)

    # Two houses a day, in the order of the days; the holdout goes on where the training rows end.
    assert parts.train_units.moments.tolist() == [row // 2 for row in range(160)]
    assert parts.holdout_units.moments.tolist() == [row // 2 for row in range(160, 200)]
    assert parts.train_units.groups is None


def test_gaps_in_time_and_rows_that_run_backwards_change_nothing_but_the_numbers(tmp_path):
    frame = houses()
    usual = prepared(frame, tmp_path)
    frame["day"] = [day if day < 50 else 10_000 + day for day in frame["day"]]

    gaps, backwards = prepared(frame, tmp_path), prepared(frame.iloc[::-1], tmp_path)

    for parts in (gaps, backwards):
        assert parts.train_units.moments.tolist() == usual.train_units.moments.tolist()
    # Rows of one day stay in the order of the file.
    assert backwards.train["price"].tolist()[:2] == [1001, 1000]


def test_a_group_is_known_beside_the_order_in_time(tmp_path):
    parts = prepared(houses(), tmp_path, BY_CITY)

    waco = (parts.train["city"] == "Waco").to_numpy()
    assert len(np.unique(parts.train_units.groups)) == 2
    assert len(np.unique(parts.train_units.groups[waco])) == 1
    assert parts.train_units.moments is not None


def test_the_column_of_a_split_by_group_is_the_group(tmp_path):
    settings = dataclasses.replace(SETTINGS, split=SplitSettings(type="group", by="id", holdout=0.2))

    parts = prepared(houses(), tmp_path, settings)

    assert parts.train_units.moments is None
    assert len(np.unique(parts.train_units.groups)) == len(parts.train)


def test_a_random_split_knows_nothing_of_its_rows(tmp_path):
    parts = prepared(houses(), tmp_path, dataclasses.replace(SETTINGS, split=SplitSettings(type="random")))

    assert (parts.train_units.moments, parts.train_units.groups) == (None, None)


def test_a_group_may_be_left_out_of_the_model(tmp_path):
    data = dataclasses.replace(BY_CITY.data, leave_out=[*BY_CITY.data.leave_out, "city"])

    parts = prepared(houses(), tmp_path, dataclasses.replace(BY_CITY, data=data))

    assert "city" not in parts.train
    assert len(np.unique(parts.train_units.groups)) == 2


def test_a_row_without_its_group_is_named(tmp_path):
    frame = houses()
    frame.loc[4, "city"] = None

    with pytest.raises(InvalidData, match=r"houses.csv line 6: column 'city' is empty; \[data\] group needs it"):
        prepared(frame, tmp_path, BY_CITY)


def test_a_group_that_the_table_lacks_is_named(tmp_path):
    data = dataclasses.replace(SETTINGS.data, group="town")

    with pytest.raises((InvalidData, InvalidSettings), match="town"):
        prepared(houses(), tmp_path, dataclasses.replace(SETTINGS, data=data))


BY_ORDER = dataclasses.replace(
    SETTINGS, data=dataclasses.replace(SETTINGS.data, leave_out=["id", "day"]), split=SplitSettings(type="order")
)


def test_rows_in_order_are_moments_of_their_own_and_the_last_ones_are_held_out(tmp_path):
    shuffled = houses().sample(frac=1, random_state=1)

    parts = prepared(shuffled, tmp_path, BY_ORDER)

    assert parts.train["price"].tolist() == shuffled["price"].tolist()[:160]
    assert parts.holdout["price"].tolist() == shuffled["price"].tolist()[160:]
    assert parts.train_units.moments.tolist() == list(range(160))
    assert parts.holdout_units.moments.tolist() == list(range(160, 200))


def test_rows_without_target_and_empty_lines_count_for_nothing_in_the_order(tmp_path):
    frame = houses()
    frame.loc[150:179, "price"] = None
    text = frame.to_csv(index=False).splitlines()
    (tmp_path / "houses.csv").write_text("\n".join([*text[:50], "", ",,,,", *text[50:]]))

    parts = prepare_path(tmp_path / "houses.csv", BY_ORDER)

    # Of 170 rows with a target, the last fifth: 14 before the gap, and 20 after it.
    assert parts.holdout["price"].tolist() == [*range(1136, 1150), *range(1180, 1200)]
    assert np.unique(parts.train_units.then(parts.holdout_units).moments).tolist() == list(range(170))


def test_the_files_of_a_folder_come_in_the_order_of_their_names(tmp_path):
    folder = tmp_path / "houses"
    (folder / "2024").mkdir(parents=True)
    frame = houses()
    frame[150:].to_csv(folder / "2025.csv", index=False)
    frame[:50].to_csv(folder / "2024" / "01.csv", index=False)
    frame[50:150].to_csv(folder / "2024" / "02.csv", index=False)

    parts = prepare_path(folder, BY_ORDER)

    assert [*parts.train["price"], *parts.holdout["price"]] == frame["price"].tolist()


def test_a_group_is_known_beside_the_order_of_the_rows(tmp_path):
    settings = dataclasses.replace(BY_ORDER, data=dataclasses.replace(BY_ORDER.data, group="city"))

    parts = prepared(houses(), tmp_path, settings)

    assert len(np.unique(parts.train_units.groups)) == 2
    assert parts.train_units.moments is not None
