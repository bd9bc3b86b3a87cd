"""The contract: values of the training rows, in the types that all rows have."""

import dataclasses

import pandas as pd
import pytest

from evergreen.contract.contract import Contract
from evergreen.errors import InvalidData, InvalidSettings
from evergreen.settings.sections import (
    DataSettings,
    DriftSettings,
    LogSettings,
    ModelSettings,
    QualitySettings,
    SplitSettings,
)
from tests.unit.training.prepare.houses import SETTINGS, houses, prepare_path, prepared
from training import train


def test_columns_left_out_and_the_target_are_not_features(tmp_path):
    assert [feature.name for feature in prepared(houses(), tmp_path).contract.features] == ["day", "city", "rooms"]


def test_the_contract_knows_only_the_training_rows(tmp_path):
    frame = houses()
    frame.loc[frame.day >= 80, ["city", "rooms"]] = ["Paris", 99]
    day, city, rooms = prepared(frame, tmp_path).contract.features

    assert city.categories == ("Austin", "Waco")
    assert (rooms.minimum, rooms.maximum) == (1, 5)
    assert (day.minimum, day.maximum) == (0, 79)


def test_a_feature_may_be_missing_if_a_row_lacked_it_be_it_of_the_holdout(tmp_path):
    frame = houses().astype({"rooms": object})
    frame.loc[3, "rooms"] = None
    frame.loc[199, "city"] = None
    day, city, rooms = prepared(frame, tmp_path).contract.features

    assert rooms.missing_allowed
    assert city.missing_allowed
    assert not day.missing_allowed


def test_a_date_has_a_time_of_the_day_if_only_a_holdout_row_has_one(tmp_path):
    frame = houses()
    frame["sold"] = ["2020-01-01", "2020-02-01"] * 99 + ["2020-03-01", "2020-03-01T13:30"]
    sold = prepared(frame, tmp_path).contract.features[-1]

    assert (sold.form, sold.maximum) == ("time", pd.Timestamp("2020-02-01").timestamp())


def test_a_holdout_text_that_no_request_could_have_is_refused_with_the_setting(tmp_path):
    frame = houses()
    frame.loc[199, "city"] = "x" * 1500

    with pytest.raises(InvalidData, match=r"'city' has a text of 1500 characters.* longest_text = 1500"):
        prepared(frame, tmp_path)

    longer = dataclasses.replace(SETTINGS, data=dataclasses.replace(SETTINGS.data, longest_text=1500))
    assert prepared(frame, tmp_path, longer).contract.longest_text == 1500


def test_the_examples_are_the_middle_and_the_commonest_values_and_no_row_of_the_table(tmp_path):
    frame = houses().astype({"rooms": object})
    frame.loc[159, "rooms"] = None
    frame["city"] = ["Waco"] * 60 + ["Austin"] * 140

    train = prepared(frame, tmp_path)
    examples = {feature.name: feature.example for feature in train.contract.features}

    known = train.train[examples.keys()]
    assert examples["city"] == known["city"].mode()[0]
    for name in ("day", "rooms"):
        values = sorted(known[name].dropna())
        assert examples[name] == values[len(values) // 2]


def test_a_feature_that_every_training_row_lacks_is_refused(tmp_path):
    frame = houses().astype({"rooms": object})
    frame.loc[:159, "rooms"] = None

    with pytest.raises(InvalidData, match="'rooms' is empty in every training row; leave it out"):
        prepared(frame, tmp_path)


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


@pytest.mark.parametrize(
    ("written", "classes"),
    [
        (["01", "1"], ("01", "1")),  # a code is no number
        (["1.0", "0.0"], ("0", "1")),
        (["1", "1.0"], ("1",)),
        (["True", "FALSE"], ("false", "true")),
        ([" yes", "no "], ("no", "yes")),
        (["1.50", "1.5", "2"], ("1.5", "2")),
        (["1.2.3", "1."], ("1", "1.2.3")),
    ],
)
def test_a_label_has_one_spelling_whatever_wrote_it(tmp_path, written, classes):
    settings = dataclasses.replace(SETTINGS, task="classification", metric="accuracy")
    frame = houses(210).assign(price=[written[number // 2 % len(written)] for number in range(210)])
    if len(classes) == 1:
        with pytest.raises(InvalidData, match="has 1 different values, '1'"):
            prepared(frame, tmp_path, settings)
    else:
        assert prepared(frame, tmp_path, settings).contract.classes == classes


@pytest.mark.parametrize(
    ("labels", "classes"),
    [([0, 1], ("0", "1")), ([False, True], ("false", "true")), ([0.5, 1.0], ("0.5", "1")), (["a", "b"], ("a", "b"))],
)
def test_labels_of_every_type_of_parquet_become_text(tmp_path, labels, classes):
    settings = dataclasses.replace(SETTINGS, task="classification", metric="accuracy")
    houses().assign(price=labels * 100).to_parquet(tmp_path / "houses.parquet")

    assert prepare_path(tmp_path / "houses.parquet", settings).contract.classes == classes


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_any_text_can_be_a_columns_name_from_the_file_to_the_fitted_model(tmp_path, form):
    names = {"day": 'the "day"', "city": "city 🏙, 'old'", "rooms": "a|b<c>.d", "price": "price\n$"}
    frame = houses().rename(columns=names)
    settings = ModelSettings(
        name="houses",
        data=DataSettings(path="houses", target=names["price"], leave_out=["id"]),
        split=SplitSettings(by=names["day"]),
    )
    file = tmp_path / f"houses.{form}"
    frame.to_csv(file, index=False) if form == "csv" else frame.to_parquet(file)
    parts = prepare_path(file, settings)
    read_back = Contract.from_json(parts.contract.to_json())
    estimator = train.fit(parts.train_rows, read_back, settings)

    assert [feature.name for feature in read_back.features] == [names["day"], names["city"], names["rooms"]]
    assert len(train.predict(estimator, parts.holdout, read_back).predicted) == len(parts.holdout)
    pd.testing.assert_frame_equal(parts.train, parts.train[[*map(str, names.values())]])


@pytest.mark.parametrize("name", ["(moment)", "(group)", "(weight)"])
@pytest.mark.parametrize("column", ["rooms", "price"])
def test_a_name_of_prepares_own_columns_is_refused(tmp_path, column, name):
    data = dataclasses.replace(SETTINGS.data, target=name if column == "price" else "price")
    with pytest.raises(InvalidData, match=f"a column is called '[(]{name[1:-1]}[)]'.*Call it otherwise, or leave"):
        prepared(houses().rename(columns={column: name}), tmp_path, dataclasses.replace(SETTINGS, data=data))


def test_a_column_of_such_a_name_can_be_left_out_or_split_by(tmp_path):
    frame = houses().rename(columns={"id": "(weight)", "day": "(moment)"})
    data = dataclasses.replace(SETTINGS.data, leave_out=["(weight)", "(moment)"])
    settings = dataclasses.replace(SETTINGS, data=data, split=SplitSettings(by="(moment)"))

    assert [feature.name for feature in prepared(frame, tmp_path, settings).contract.features] == ["city", "rooms"]
