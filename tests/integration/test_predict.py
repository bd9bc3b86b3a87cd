"""The predict function, from an HTTP API event to its answer, its log line and its metrics."""

import base64
import dataclasses
import importlib
import json
import sys
from types import SimpleNamespace

import pytest

from evergreen import names
from evergreen.bundle import ServableModel
from evergreen.champion import Champion
from evergreen.contract import Contract, Feature
from evergreen.errors import NoChampion
from functions.predict.body import MAX_BODY_BYTES
from functions.predict.models import Served
from functions.predict.records import MAX_LINE_BYTES, LogPolicy

CONTEXT = SimpleNamespace(
    function_name="predict", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="request-1"
)
CONTRACT = Contract(
    task="regression",
    target="price",
    features=(
        Feature(name="city", type="category", missing_allowed=False, categories=("Austin",), example="Austin"),
        Feature(name="rooms", type="number", missing_allowed=False, minimum=1, maximum=9, example=3.0),
    ),
)
ROW = {"city": "Austin", "rooms": 3}


class RoomsTimesTen:
    """A scorer whose answer depends on its row."""

    def predict(self, row):
        return row[1] * 10

    def probabilities(self, _row):
        return None


class FakeModels:
    """Holds a champion, or raises instead."""

    name = "houses"

    def __init__(self, error=None, failure=None, model=None):
        self.error = error
        self.failure = failure
        self.model = model or ServableModel(CONTRACT, RoomsTimesTen())

    def take_failure(self):
        return self.failure

    def metrics(self, _served):
        return {"metric": "mae"}

    def champion(self):
        if self.error:
            raise self.error
        champion = Champion(version="v7", bundle="b/", digest="d" * 64, promoted_at="2026-01-01T00:00:00+00:00")
        return Served(champion, "etag", self.model)


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls the handler; returns the answer's status, headers and body, and the JSON lines that it printed."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", names.METRIC_SERVICE)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", names.metric_namespace("dev"))
    module = importlib.reload(importlib.import_module("functions.predict.handler"))

    def _call(body=None, *, path="/predict", method="POST", models=None, policy=None, **changes):
        fake = models or FakeModels()
        monkeypatch.setattr(module, "models", lambda: fake)
        monkeypatch.setattr(module, "log_policy", lambda: policy or LogPolicy(1.0, frozenset()))
        event = {
            "version": "2.0",
            "rawPath": path,
            "headers": {"content-type": "application/json"},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
            **changes,
        }
        capsys.readouterr()
        # Powertools keeps the stream of the first test, which pytest has closed since.
        module.logger.registered_handler.stream = sys.stdout
        answer = module.handler(event, CONTEXT)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        content_type = answer["headers"]["Content-Type"]
        return SimpleNamespace(
            status=answer["statusCode"],
            content_type=content_type,
            headers=answer["headers"],
            body=json.loads(answer["body"]),
            logs=[line for line in lines if "_aws" not in line],
            metrics=next((line for line in lines if "_aws" in line), None),
        )

    return _call


def value(metrics, name):
    return metrics[name][0]


def test_one_row_is_answered_with_its_prediction(call):
    answer = call({"features": ROW})

    assert answer.status == 200
    assert answer.body["prediction"] == 30
    assert answer.body["model_version"] == "v7"
    assert "warnings" not in answer.body


def test_several_rows_are_answered_in_their_order(call):
    answer = call({"instances": [ROW, {"city": "Austin", "rooms": 5}]})

    assert [row["prediction"] for row in answer.body["predictions"]] == [30, 50]
    assert len({row["prediction_id"] for row in answer.body["predictions"]}) == 2


def test_what_training_never_saw_is_warned_of_beside_the_answer(call):
    assert call({"features": {"city": "Waco", "rooms": 3}}).body["warnings"] == [
        "city: 'Waco' was not seen in training"
    ]


def test_the_metrics_count_rows_and_requests(call):
    metrics = call({"instances": [ROW, ROW, ROW]}).metrics

    assert value(metrics, names.PREDICTIONS) == 3
    assert value(metrics, names.REJECTED_REQUESTS) == 0
    assert value(metrics, names.PREDICTION_ERRORS) == 0
    assert value(metrics, names.PREDICTION_DURATION) > 0
    directive = metrics["_aws"]["CloudWatchMetrics"][0]
    assert directive["Namespace"] == "Evergreen/dev"
    assert directive["Dimensions"] == [["service"]]
    assert metrics["service"] == names.METRIC_SERVICE


def test_metrics_of_one_request_do_not_leak_into_the_next(call):
    call({"features": {}})

    assert value(call({"features": ROW}).metrics, names.REJECTED_REQUESTS) == 0


def test_one_log_line_holds_all_that_a_request_was(call):
    answer = call({"features": ROW})
    (line,) = answer.logs

    assert line["model_version"] == "v7"
    assert line["function_request_id"] == "request-1"
    assert line["rows"] == [
        {"prediction_id": answer.body["prediction_id"], "prediction": 30, "features": ROW, "warnings": []}
    ]


def test_a_row_that_does_not_fit_is_rejected_with_every_wrong_field(call):
    answer = call({"features": {"town": "Austin", "rooms": "three"}})

    assert answer.status == 422
    assert answer.content_type == "application/problem+json"
    assert {error["field"] for error in answer.body["errors"]} == {"features.town", "features.city", "features.rooms"}
    assert value(answer.metrics, names.REJECTED_REQUESTS) == 1
    assert value(answer.metrics, names.PREDICTION_ERRORS) == 0
    assert names.PREDICTIONS not in answer.metrics


def test_one_bad_row_of_many_is_named_by_its_place_and_none_is_answered(call):
    answer = call({"instances": [ROW, {"city": "Austin"}, ROW]})

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == ["instances[1].rooms"]


@pytest.mark.parametrize(
    "body",
    [None, "", "{", "[]", "3", {}, ROW, {"features": ROW, "instances": []}, {"instances": []}, {"instances": ROW}],
)
def test_a_malformed_body_is_a_400_that_says_what_would_be_right(call, body):
    answer = call(body)

    assert answer.status == 400
    assert answer.content_type == "application/problem+json"
    assert value(answer.metrics, names.REJECTED_REQUESTS) == 1


def test_too_many_rows_are_refused_with_the_limit(call):
    answer = call({"instances": [ROW] * 1001})

    assert answer.status == 400
    assert "1 to 1000 rows, got 1001" in answer.body["detail"]


def test_without_a_champion_the_answer_says_what_to_run_and_trips_no_alarm(call):
    answer = call({"features": ROW}, models=FakeModels(NoChampion("run: evergreen train")))

    assert answer.status == 503
    assert answer.headers["Retry-After"] == "60"
    assert "evergreen train" in answer.body["detail"]
    assert answer.metrics is None


def test_a_failure_of_ours_is_a_500_without_details_and_trips_the_alarm(call):
    answer = call({"features": ROW}, models=FakeModels(RuntimeError("secret detail")))

    assert answer.status == 500
    assert "secret detail" not in json.dumps(answer.body)
    assert any("secret detail" in json.dumps(line) for line in answer.logs)
    assert value(answer.metrics, names.PREDICTION_ERRORS) == 1


def test_the_model_can_be_asked_for(call):
    answer = call(path="/model", method="GET")

    assert (answer.body["name"], answer.body["version"]) == ("houses", "v7")
    assert [feature["name"] for feature in answer.body["contract"]["features"]] == ["city", "rooms"]
    assert answer.metrics is None


def test_health_names_the_version(call):
    assert call(path="/health", method="GET").body == {"status": "ok", "model_version": "v7"}


def test_an_unknown_route_is_a_404_that_names_the_routes(call):
    answer = call(path="/predictions", method="GET")

    assert answer.status == 404
    assert "POST /predict" in answer.body["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"features": {"rooms": NaN}}', "NaN is not JSON"),
        ('{"features": {"rooms": -Infinity}}', "-Infinity is not JSON"),
        ('{"features": {"rooms": 1, "rooms": 2}}', "'rooms' stands twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"features": ' * 50_000, "nested too deeply"),
        ('{"features": {"rooms": ' + "9" * 5000 + "}}", "not JSON"),
    ],
)
def test_json_that_each_reader_would_read_otherwise_is_refused(call, body, words):
    answer = call(body)

    assert answer.status == 400
    assert words in answer.body["detail"]
    assert len(answer.body["detail"]) < 300


def test_a_body_at_the_limit_is_read_and_one_past_it_is_not(call):
    def padded(size):
        body = json.dumps({"features": ROW})
        return body + " " * (size - len(body))

    assert call(padded(MAX_BODY_BYTES)).status == 200
    answer = call(padded(MAX_BODY_BYTES + 1))
    assert answer.status == 413
    assert str(MAX_BODY_BYTES) in answer.body["detail"]


def test_a_body_that_the_gateway_has_encoded_is_decoded(call):
    encoded = base64.b64encode(json.dumps({"features": ROW}).encode()).decode()

    assert call(encoded, isBase64Encoded=True).body["prediction"] == 30


@pytest.mark.parametrize("body", ["not base64!", base64.b64encode(b"\xff\xfe{}").decode()])
def test_a_body_that_is_not_utf_8_is_refused(call, body):
    answer = call(body, isBase64Encoded=True)

    assert answer.status == 400
    assert "not UTF-8" in answer.body["detail"]


def test_a_compressed_body_is_refused(call):
    answer = call({"features": ROW}, headers={"content-encoding": "gzip"})

    assert answer.status == 415
    assert "gzip" in answer.body["detail"]


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


def test_a_failed_look_at_the_champion_is_counted_while_it_goes_on_serving(call):
    answer = call({"features": ROW}, models=FakeModels(failure="S3 is gone"))

    assert answer.status == 200
    assert value(answer.metrics, names.CHAMPION_REFRESH_FAILURES) == 1
    assert any(line.get("cause") == "S3 is gone" for line in answer.logs)


def test_the_openapi_document_describes_the_champions_rows(call):
    document = call(path="/openapi.json", method="GET").body

    features = document["components"]["schemas"]["Features"]
    assert document["openapi"] == "3.1.0"
    assert features["required"] == ["city", "rooms"]
    assert features["properties"]["rooms"]["type"] == "number"
    assert {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods} == set(
        names.ROUTES
    )
    example = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert call(example).status == 200


class SmallOrLarge:
    """A classifier by the number of rooms."""

    def predict(self, row):
        return "large" if row[1] > 4 else "small"

    def probabilities(self, row):
        return [row[1] / 10, 1 - row[1] / 10]


@pytest.fixture
def classifier():
    contract = dataclasses.replace(CONTRACT, task="classification", classes=("large", "small"))
    return FakeModels(model=ServableModel(contract, SmallOrLarge()))


def test_a_classification_is_answered_and_recorded_with_its_probabilities(call, classifier):
    answer = call({"features": {**ROW, "rooms": 5}}, models=classifier)

    assert answer.body["prediction"] == "large"
    assert answer.body["probabilities"] == {"large": 0.5, "small": 0.5}
    assert answer.logs[0]["rows"][0]["probabilities"] == {"large": 0.5, "small": 0.5}


def test_the_truth_of_a_classification_is_one_of_its_classes(call, classifier):
    label = {"prediction_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "actual": "small"}

    assert call(label, path="/feedback", models=classifier).status == 202
    answer = call({**label, "actual": 3}, path="/feedback", models=classifier)
    assert answer.status == 422
    assert answer.body["errors"] == [{"field": "actual", "got": "3", "expected": "one of: large, small"}]


def test_the_openapi_document_of_a_classification_names_its_classes(call, classifier):
    document = call(path="/openapi.json", method="GET", models=classifier).body

    answers = document["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answers["oneOf"][0]["properties"]["prediction"] == {"type": "string", "enum": ["large", "small"]}
    assert answers["oneOf"][0]["properties"]["probabilities"]["required"] == ["large", "small"]
