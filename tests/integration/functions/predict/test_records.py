"""The log line of a request: all of it, some of it, or none."""

import json

import pytest

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.versions.bundle import ServableModel
from functions.predict.records import MAX_LINE_BYTES, LogPolicy
from tests.integration.functions.predict.serving import ROW, FakeModels, value


def test_one_log_line_holds_all_that_a_request_was(call):
    answer = call({"features": ROW})
    (line,) = answer.logs

    assert line["model_version"] == "v7"
    assert line["function_request_id"] == "request-1"
    assert line["rows"] == [
        {"prediction_id": answer.body["prediction_id"], "prediction": 30, "features": ROW, "unusual": []}
    ]


def test_features_that_are_never_logged_are_answered_but_not_recorded(call):
    (line,) = call({"features": ROW}, policy=LogPolicy(1.0, frozenset({"city"}))).logs

    assert line["rows"][0]["features"] == {"rooms": 3}
    assert "Austin" not in json.dumps(line)


def test_a_request_that_is_not_sampled_is_counted_but_not_recorded(call):
    answer = call({"features": ROW}, policy=LogPolicy(0.0, frozenset()))

    assert answer.status == 200
    assert answer.logs == []
    assert value(answer.metrics, names.PREDICTIONS) == 1


def test_a_large_request_is_recorded_in_several_lines_without_loss(call):
    rows = [{"city": "x" * 900, "rooms": number} for number in range(1000)]
    answer = call({"instances": rows})

    assert len(answer.logs) > 1
    assert all(len(json.dumps(line)) < MAX_LINE_BYTES + 5000 for line in answer.logs)
    assert [row["features"]["rooms"] for line in answer.logs for row in line["rows"]] == list(range(1000))


USER, ROLE = "arn:aws:iam::111122223333:user/team/ann", "arn:aws:iam::111122223333:role/caller"


@pytest.mark.parametrize(
    ("authorizer", "caller"),
    [
        ({"iam": {"userArn": USER}}, USER),
        ({"iam": {"userArn": "arn:aws:sts::111122223333:assumed-role/caller/session-of-ann"}}, ROLE),
        ({"iam": {"userArn": "arn:aws-cn:sts::1:assumed-role/caller/x"}}, "arn:aws-cn:iam::1:role/caller"),
        ({"jwt": {"claims": {"sub": "ann", "iss": "https://issuer"}}}, "ann"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_who_asked_and_who_labels_is_recorded_unless_that_is_switched_off(call, authorizer, caller, named):
    policy = LogPolicy(1.0, frozenset(), caller=named)
    context = {"http": {"method": "POST"}, "authorizer": authorizer}
    asked = call({"features": ROW}, policy=policy, requestContext=context)
    told = call(
        {"prediction_id": asked.body["prediction_id"], "actual": 1.0},
        path="/feedback",
        policy=policy,
        requestContext=context,
    )

    assert [line.get("caller") for line in (*asked.logs, *told.logs)] == [caller if named else None] * 2


def test_without_an_authorizer_nobody_is_recorded(call):
    (line,) = call({"features": ROW}).logs

    assert "caller" not in line


def test_a_record_holds_values_as_they_were_read(call):
    features = (
        Feature(name="city", type="category", missing_allowed=True, categories=("Austin",), example="Austin"),
        Feature(name="rooms", type="number", missing_allowed=True, minimum=1, maximum=9, example=3.0),
        Feature(name="sold", type="category", missing_allowed=False, categories=("false", "true"), example="true"),
    )
    contract = Contract(task="regression", target="price", features=features, missing=("", "NA"))
    models = FakeModels(model=ServableModel(contract, Constant()))
    given = [
        {"city": " Austin ", "rooms": 3, "sold": True},
        {"city": "NA", "rooms": " NA", "sold": "FALSE"},
    ]
    (line,) = call({"instances": given}, models=models).logs

    assert [row["features"] for row in line["rows"]] == [
        {"city": "Austin", "rooms": 3, "sold": "true"},
        {"city": None, "rooms": None, "sold": "false"},
    ]
    assert [row["unusual"] for row in line["rows"]] == [[], []]


class Constant:
    def predict(self, _row):
        return 1.0

    def probabilities(self, _row):
        return None
