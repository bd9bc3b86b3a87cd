"""The predict function, from an HTTP API event to its answer, its log line and its metrics."""

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
from functions.predict.models import Served

CONTEXT = SimpleNamespace(
    function_name="predict", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="request-1"
)
CONTRACT = Contract(
    task="regression",
    target="price",
    features=(
        Feature(name="city", type="category", missing_allowed=False, categories=("Austin",)),
        Feature(name="rooms", type="number", missing_allowed=False, minimum=1, maximum=9),
    ),
)
ROW = {"city": "Austin", "rooms": 3}


class RoomsTimesTen:
    """A scorer whose answer depends on its row."""

    def predict(self, row):
        return row[1] * 10


class FakeModels:
    """Holds a champion, or raises instead."""

    name = "houses"
    failure = None

    def __init__(self, error=None):
        self.error = error

    def champion(self):
        if self.error:
            raise self.error
        champion = Champion(version="v7", bundle="b/", digest="d" * 64, promoted_at="2026-01-01T00:00:00+00:00")
        return Served(champion, "etag", ServableModel(CONTRACT, RoomsTimesTen()), {"metric": "mae"})


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls the handler; returns the answer's status, headers and body, and the JSON lines that it printed."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", names.METRIC_SERVICE)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", names.metric_namespace("dev"))
    module = importlib.reload(importlib.import_module("functions.predict.handler"))

    def _call(body=None, *, path="/predict", method="POST", models=None):
        monkeypatch.setattr(module, "models", lambda: models or FakeModels())
        event = {
            "version": "2.0",
            "rawPath": path,
            "headers": {"content-type": "application/json"},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
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
