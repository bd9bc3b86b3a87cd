"""Ground truth by prediction id."""

import dataclasses

import pytest

from evergreen.versions.bundle import ServableModel
from tests.integration.functions.predict.serving import CONTRACT, ROW, FakeModels, RoomsTimesTen


def test_ground_truth_is_recorded_with_its_prediction(call):
    id_ = call({"features": ROW}).body["prediction_id"]
    answer = call({"prediction_id": id_, "actual": 31}, path="/feedback")

    assert (answer.status, answer.body) == (202, {"accepted": 1})
    assert answer.logs[0]["labels"] == [{"prediction_id": id_, "actual": 31.0}]
    assert call({"labels": [{"prediction_id": id_, "actual": 31}] * 3}, path="/feedback").body == {"accepted": 3}


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        ({"prediction_id": "7", "actual": 1}, {"labels[0].prediction_id"}),
        ({"actual": "much"}, {"labels[0].prediction_id", "labels[0].actual"}),
        ({"prediction_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "actual": True}, {"labels[0].actual"}),
        ({"prediction_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "actual": 10**400}, {"labels[0].actual"}),
        ({"prediction_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "actual": 1, "note": ""}, {"labels[0].note"}),
        (7, {"labels[0]"}),
    ],
)
def test_a_wrong_label_is_refused_with_every_wrong_field(call, label, fields):
    answer = call({"labels": [label]}, path="/feedback")

    assert answer.status == 422
    assert {error["field"] for error in answer.body["errors"]} == fields


@pytest.mark.parametrize("body", [{"labels": []}, {"labels": 3}, [], {"labels": [], "actual": 1}])
def test_a_malformed_feedback_is_a_400(call, body):
    assert call(body, path="/feedback").status == 400


def test_the_truth_of_a_classification_is_one_of_its_classes(call, classifier):
    label = {"prediction_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "actual": "small"}

    assert call(label, path="/feedback", models=classifier).status == 202
    answer = call({**label, "actual": 3}, path="/feedback", models=classifier)
    assert answer.status == 422
    assert answer.body["errors"] == [{"field": "actual", "got": "3", "expected": "one of: large, small"}]


@pytest.mark.parametrize(
    ("classes", "actual", "label"),
    [
        (("0", "1"), 1, "1"),
        (("0", "1"), 1.0, "1"),
        (("0", "1"), "1.0", "1"),
        (("0.5", "1"), 0.5, "0.5"),
        (("false", "true"), True, "true"),
        (("false", "true"), "True", "true"),
        (("no", "yes"), " yes ", "yes"),
        (("01", "1.0"), "1.0", "1.0"),  # a champion of an earlier release knows its labels as they were written
        (("0", "1"), True, None),
        (("0", "1"), 2, None),
        (("0", "1"), 1e400, None),
        (("0", "1"), [1], None),
    ],
)
def test_a_class_is_named_by_its_value_too(call, classes, actual, label):
    contract = dataclasses.replace(CONTRACT, task="classification", classes=classes)
    models = FakeModels(model=ServableModel(contract, RoomsTimesTen()))
    id_ = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    answer = call({"prediction_id": id_, "actual": actual}, path="/feedback", models=models)

    if label is None:
        assert answer.status == (422 if actual != 1e400 else 400)
    else:
        assert answer.logs[0]["labels"] == [{"prediction_id": id_, "actual": label}]
