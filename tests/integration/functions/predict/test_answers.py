"""What the predict function answers and counts, from an HTTP API event on."""

import gc
import json
import math
import re
import sys

import pytest

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.errors import InvalidRow, NoChampion
from functions.predict import openapi
from tests.integration.functions.predict.serving import ROW, FakeModels, value


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


def test_the_function_answers_every_route_that_the_gateway_has(call):
    for route in names.ROUTES:
        method, path = route.split()
        assert call({}, path=path, method=method).status != 404, route


def test_the_collector_is_off_while_the_function_starts_and_on_from_the_first_answer(call):
    # The fixture has just imported the handler anew.
    assert not gc.isenabled()

    call({"features": {}})

    assert gc.isenabled()


def test_an_unknown_route_is_a_404_that_names_the_routes(call):
    answer = call(path="/predictions", method="GET")

    assert answer.status == 404
    assert "POST /predict" in answer.body["detail"]


def test_a_failed_look_at_the_champion_is_counted_while_it_goes_on_serving(call):
    answer = call({"features": ROW}, models=FakeModels(look="S3 is gone"))

    assert answer.status == 200
    assert value(answer.metrics, names.CHAMPION_REFRESH_FAILURES) == 1
    assert any(line.get("cause") == "S3 is gone" for line in answer.logs)


def test_a_look_that_went_well_is_counted_too_and_a_request_without_one_is_not(call):
    well = call({"features": ROW}, models=FakeModels(look=""))
    assert value(well.metrics, names.CHAMPION_REFRESH_FAILURES) == 0
    assert not any("cause" in line for line in well.logs)

    without = call({"features": ROW}, models=FakeModels())
    assert names.CHAMPION_REFRESH_FAILURES not in json.dumps(without.metrics)


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


def test_a_classification_is_answered_and_recorded_with_its_probabilities(call, classifier):
    answer = call({"features": {**ROW, "rooms": 5}}, models=classifier)

    assert answer.body["prediction"] == "large"
    assert answer.body["probabilities"] == {"large": 0.5, "small": 0.5}
    assert answer.logs[0]["rows"][0]["probabilities"] == {"large": 0.5, "small": 0.5}


@pytest.mark.parametrize(
    ("form", "example", "schema"),
    [
        ("day", "2020-05-31", {"format": "date"}),
        ("time", "2020-05-31T08:00:00", {"pattern": r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$"}),
        ("time with zone", "2020-05-31T08:00:00Z", {"format": "date-time"}),
    ],
)
def test_the_openapi_document_says_how_a_date_is_sent(form, example, schema):
    sold = Feature(name="sold", type="date", form=form, missing_allowed=True, minimum=0.0, maximum=1e9, example=example)
    contract = Contract(task="regression", target="price", features=(sold,), missing=("",))
    described = openapi.document(contract, name="houses", version="v1")
    found = described["components"]["schemas"]["Features"]["properties"]["sold"]

    assert found.pop("description").startswith("1970-01-01")
    [moment, missing] = found.pop("anyOf")
    assert found == {"examples": [example]}
    assert moment == {"type": ["string", "null"], **schema}
    assert not math.isnan(contract.parse({"sold": example})[0])
    assert math.isnan(contract.parse({"sold": " "})[0])
    assert re.search(missing["pattern"], " ")
    assert not re.search(missing["pattern"], example)


def test_the_openapi_document_allows_the_texts_that_are_not_missing():
    city = Feature(name="city", type="category", missing_allowed=False, categories=("x",), example="x")
    contract = Contract(task="regression", target="price", features=(city,), missing=("", "NA", "n.a.", "(x)"))
    described = openapi.document(contract, name="houses", version="v1")
    pattern = described["components"]["schemas"]["Features"]["properties"]["city"]["not"]["pattern"]

    characters = [chr(code) for code in range(sys.maxunicode) if not 0xD800 <= code < 0xE000]
    for text in (*characters, "", "NA ", "\u2003n.a.", "nxax", "(x)", "x", "NA NA"):
        taken = True
        try:
            contract.parse({"city": text})
        except InvalidRow:
            taken = False
        assert taken == (re.search(pattern, text) is None), repr(text)


def test_the_openapi_document_of_a_classification_names_its_classes(call, classifier):
    document = call(path="/openapi.json", method="GET", models=classifier).body

    answers = document["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answers["oneOf"][0]["properties"]["prediction"] == {"type": "string", "enum": ["large", "small"]}
    assert answers["oneOf"][0]["properties"]["probabilities"]["required"] == ["large", "small"]
