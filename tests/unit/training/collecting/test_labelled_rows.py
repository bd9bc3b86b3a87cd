"""Captured predictions and their labels become rows of the table: the latest label that counts, once each."""

import pytest

from evergreen import names
from evergreen.captures.labels import Labels
from evergreen.captures.records import Faults
from evergreen.contract.contract import Contract
from evergreen.contract.feature import CATEGORY, DATE, NUMBER, Feature
from evergreen.settings.sections import SAME_CALLER
from training.collecting.labelled_rows import LabelledRows

FEATURES = (
    Feature(name="rooms", type=NUMBER, missing_allowed=True),
    Feature(name="city", type=CATEGORY, missing_allowed=True, categories=("a", "b")),
    Feature(name="sold", type=DATE, missing_allowed=True),
)
HOUSES = Contract(task="regression", target="price", features=FEATURES)
ANSWERS = Contract(task="classification", target="answer", features=FEATURES[:1], classes=("no", "yes"))
ROW = {"rooms": 3, "city": "a", "sold": "2026-11-30"}


def prediction(*rows, caller="", **record):
    """A record of rows given as (id, features)."""
    return {
        "message": names.RECORD_PREDICT,
        "capture": names.CAPTURE_FORMAT,
        "model_version": "v1",
        "caller": caller,
        "rows": [{"prediction_id": id_, "features": features, "prediction": 1.0} for id_, features in rows],
        **record,
    }


def feedback(id_, actual, *, at="2026-11-30 12:00:00,000", caller=""):
    return {
        "message": names.RECORD_FEEDBACK,
        "capture": names.CAPTURE_FORMAT,
        "timestamp": at,
        "caller": caller,
        "labels": [{"prediction_id": id_, "actual": actual}],
    }


def collected(predictions, labels, *, contract=HOUSES, told_by=()):
    faults = Faults()
    known = Labels(told_by)
    known.read(((record, "labels") for record in labels), faults)
    rows = LabelledRows(contract, known, faults)
    rows.add((record, "predictions") for record in predictions)
    return rows


def test_a_row_is_its_features_as_they_were_read_and_its_label():
    found = collected([prediction(("id", ROW))], [feedback("id", 100)])

    assert found.rows == {"id": {"rooms": 3.0, "city": "a", "sold": "2026-11-30", "price": 100.0}}
    assert not list(found.notes())


def test_without_a_label_there_is_no_row():
    assert collected([prediction(("id", ROW))], []).rows == {}


def test_the_latest_label_wins_in_whatever_order_they_come_and_is_said_to_have():
    labels = [feedback("id", 1, at=f"2026-11-{day} 12:00:00,000") for day in ("29", "30", "28")]
    labels[1]["labels"][0]["actual"] = 2

    for order in (labels, labels[::-1]):
        found = collected([prediction(("id", ROW))], order)
        assert found.rows["id"]["price"] == 2
        assert list(found.notes()) == ["1 prediction got several labels; the latest holds"]


def test_a_row_that_was_delivered_twice_is_one():
    found = collected([prediction(("id", ROW)), prediction(("id", {**ROW, "rooms": 9}))], [feedback("id", 1)])

    assert [row["rooms"] for row in found.rows.values()] == [3]


def test_labels_of_others_do_not_count_and_are_told():
    found = collected(
        [prediction(("mine", ROW), ("theirs", ROW), caller="me")],
        [feedback("mine", 1, caller="me"), feedback("theirs", 1, caller="them")],
        told_by=[SAME_CALLER],
    )

    assert found.rows.keys() == {"mine"}
    assert "1 prediction got labels of callers that [quality] labels_from does not name" in " ".join(found.notes())


@pytest.mark.parametrize("actual", ["100", True, None, float("nan"), float("inf"), 10**400, [1]])
def test_a_label_that_is_no_number_is_left_out_and_told(actual):
    found = collected([prediction(("id", ROW))], [feedback("id", actual)])

    assert found.rows == {}
    assert list(found.notes()) == ["1 label left out: no value of 'price'"]


@pytest.mark.parametrize("actual", ["maybe", 1, None])
def test_a_label_that_is_no_class_is_left_out_and_told(actual):
    found = collected([prediction(("id", {"rooms": 1}))], [feedback("id", actual)], contract=ANSWERS)

    assert found.rows == {}
    assert list(found.notes()) == ["1 label left out: no value of 'answer'"]


@pytest.mark.parametrize(
    ("features", "named"),
    [
        ({**ROW, "rooms": "3"}, "rooms"),
        ({**ROW, "rooms": True}, "rooms"),
        ({**ROW, "rooms": float("inf")}, "rooms"),
        ({**ROW, "city": 1}, "city"),
        ({"rooms": 3, "sold": None}, "city"),
    ],
)
def test_a_row_that_lacks_a_feature_or_has_it_of_another_type_is_left_out_and_the_feature_named(features, named):
    found = collected([prediction(("id", features))], [feedback("id", 1)])

    assert found.rows == {}
    (note,) = found.notes()
    assert note.startswith(f"1 row left out: without {named!r} as the champion needs it")


def test_a_missing_value_stays_missing_and_a_feature_of_another_model_goes():
    found = collected([prediction(("id", {**ROW, "city": None, "more": 1}))], [feedback("id", 1)])

    assert found.rows["id"] == {"rooms": 3.0, "city": None, "sold": "2026-11-30", "price": 1.0}


def test_labels_whose_prediction_is_gone_are_counted():
    found = collected([], [feedback("a", 1), feedback("b", 1)])

    assert list(found.notes()) == ["2 labels name no captured prediction: it has expired, or was not logged"]


@pytest.mark.parametrize(
    "record", [{}, prediction(capture=2), prediction(rows=None), prediction(rows=[1]), prediction(rows=[{}])]
)
def test_a_record_of_another_form_is_a_fault_and_keeps_no_other_out(record):
    found = collected([record, prediction(("id", ROW))], [feedback("id", 1)])

    assert found.rows.keys() == {"id"}
    assert found.faults.described[0].startswith("predictions holds a record of another form")
