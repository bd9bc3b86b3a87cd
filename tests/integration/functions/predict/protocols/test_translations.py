"""What comes in another protocol is predicted, counted and recorded as the same rows at POST /predict."""

import json
import struct
import time

import pytest
import schemathesis

from evergreen import names
from evergreen.errors import NoChampion
from tests.integration.functions.predict.protocols.conftest import OTHER, ROW, own
from tests.integration.functions.predict.serving import FakeModels, value

ROWS = [ROW, OTHER]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROW}
# The function's time limit on AWS, where it has a third of a core.
FUNCTION_SECONDS = 10 / 3
DATATYPES = {"city": "BYTES", "rooms": "INT64", "garden": "FP64", "new": "BOOL", "sold": "BYTES"}
TENSORS = [
    {"name": name, "shape": [2], "datatype": datatype, "data": COLUMNS[name]} for name, datatype in DATATYPES.items()
]
SPLIT = {"columns": list(ROW), "data": [list(row.values()) for row in ROWS]}
PREDICT, INFER, INVOKE = "/v1/models/houses:predict", "/v2/models/houses/infer", "/invocations"


def tensor(answer, name):
    (found,) = [output for output in answer.body["outputs"] if output["name"] == name]
    return found


@pytest.mark.parametrize(
    ("path", "body", "predictions"),
    [
        (PREDICT, {"instances": ROWS}, lambda body: body["predictions"]),
        (PREDICT, {"signature_name": "serving_default", "instances": ROWS}, lambda body: body["predictions"]),
        (PREDICT, {"inputs": COLUMNS}, lambda body: body["outputs"]),
        (PREDICT, {"inputs": {name: [[each] for each in column] for name, column in COLUMNS.items()}},
         lambda body: body["outputs"]),
        ("/v1/models/houses/versions/v7:predict", {"instances": ROWS}, lambda body: body["predictions"]),
        ("/v1/models/houses:regress", {"examples": ROWS}, lambda body: body["results"]),
        ("/v1/models/houses%3Aregress", {"examples": ROWS}, lambda body: body["results"]),
        (
            "/v1/models/houses:regress",
            {"context": {"city": "Austin", "new": False}, "examples": [
                {**{name: [each] for name, each in row.items() if name != "new"}, "new": row["new"]} for row in ROWS
            ]},
            lambda body: body["results"],
        ),
        (INFER, {"inputs": TENSORS}, None),
        (INFER, {"id": "7", "inputs": TENSORS[::-1]}, None),
        (INFER, {"model_name": "houses", "inputs": [{**each, "shape": [2, 1]} for each in TENSORS]}, None),
        (INFER, {"inputs": [{**each, "shape": [2, 1], "data": [[one] for one in each["data"]]} for each in TENSORS]},
         None),
        ("/v2/models/houses/versions/v7/infer", {"inputs": TENSORS}, None),
        (INVOKE, {"dataframe_split": SPLIT}, lambda body: body["predictions"]),
        (INVOKE, {"dataframe_split": {**SPLIT, "index": [5, 6]}}, lambda body: body["predictions"]),
        (INVOKE, {"dataframe_records": ROWS}, lambda body: body["predictions"]),
        (INVOKE, {"instances": ROWS}, lambda body: body["predictions"]),
        (INVOKE, {"inputs": COLUMNS}, lambda body: body["predictions"]),
        (INVOKE, {"inputs": ROWS}, lambda body: body["predictions"]),
    ],
)  # fmt: skip
def test_the_same_rows_have_the_same_predictions_metrics_and_record(server, path, body, predictions):
    expected = own(server, ROWS)

    answer = server.ask("POST", path, body)

    assert answer.status == 200, answer.body
    given = predictions(answer.body) if predictions else tensor(answer, "predict")["data"]
    assert given == expected.predictions
    assert value(answer.metrics, names.PREDICTIONS) == 2
    assert value(answer.metrics, names.REJECTED_REQUESTS) == 0
    mine, theirs = answer.logs[0], expected.answer.logs[0]
    assert [row["features"] for row in mine["rows"]] == [row["features"] for row in theirs["rows"]]
    assert (mine["message"], mine["model_version"]) == (theirs["message"], theirs["model_version"])
    # Each has an id that feedback can name.
    ids = answer.body.get("prediction_ids") or tensor(answer, "prediction_id")["data"]
    assert [row["prediction_id"] for row in mine["rows"]] == ids


def test_nan_and_null_are_missing_values(server):
    text = json.dumps(ROWS).replace("200.5", "NaN")
    missing = [{**ROW, "garden": None}, OTHER]
    expected = own(server, missing).predictions

    for path, body in ((PREDICT, f'{{"instances": {text}}}'), (INVOKE, f'{{"dataframe_records": {text}}}')):
        assert server.ask("POST", path, body).body["predictions"] == expected
    garden = {"name": "garden", "shape": [2], "datatype": "FP64", "data": [None, None]}
    tensors = [garden if each["name"] == "garden" else each for each in TENSORS]
    assert tensor(server.ask("POST", INFER, {"inputs": tensors}), "predict")["data"] == expected
    as_text = json.dumps({"inputs": tensors}).replace("[null, null]", "[NaN, null]")
    assert tensor(server.ask("POST", INFER, as_text), "predict")["data"] == expected


def in_texts(name, *values):
    """The rows' tensors, of which one has JSON in its texts."""
    meant = {"datatype": "BYTES", "data": list(values), "parameters": {"content_type": "pd_json"}}
    return {"inputs": [{**each, **meant} if each["name"] == name else each for each in TENSORS]}


def test_nan_in_json_that_is_a_text_is_null(server):
    answers = [server.ask("POST", INFER, in_texts("city", text, '"Waco"')) for text in ("NaN", "null")]

    assert "got null" in answers[0].body["error"]
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"\\ud800"', "is not UTF-8"),
        ('{"a": 1, "a": 2}', "stands twice in one object"),
        ("Infinity", "Infinity is not JSON"),
        ("[" * 50 + "]" * 50, "nested more than 20 levels"),
        ("{", "is not JSON"),
    ],
)
def test_json_that_is_a_text_is_read_as_strictly_as_a_body(server, text, words):
    answer = server.ask("POST", INFER, in_texts("city", text, '"Waco"'))

    assert answer.status == 400
    assert answer.body["error"].startswith("the tensor 'city': ")
    assert words in answer.body["error"]
    assert "rows" not in answer.logs[0]


def test_texts_may_come_as_bytes_in_base64(server):
    expected = own(server, [ROW]).predictions

    answer = server.ask("POST", PREDICT, {"instances": [{**ROW, "city": {"b64": "QXVzdGlu"}}]})

    assert answer.body["predictions"] == expected


def test_a_classification_is_answered_with_its_probabilities(server):
    by_class = server.ask("POST", "/v1/models/houses:classify", {"examples": ROWS}, classifies=True)
    inferred = server.ask("POST", INFER, {"inputs": TENSORS}, classifies=True)
    invoked = server.ask("POST", INVOKE, {"instances": ROWS}, classifies=True)

    assert by_class.body["results"] == [
        [["large", 0.3], ["small", pytest.approx(0.7)]],
        [["large", 0.7], ["small", pytest.approx(0.3)]],
    ]
    assert tensor(inferred, "predict") == {
        **{"name": "predict", "datatype": "BYTES"}, "shape": [2], "data": ["small", "large"],
    }  # fmt: skip
    probabilities = tensor(inferred, "predict_proba")
    assert (probabilities["shape"], probabilities["data"]) == ([2, 2], [0.3, 0.7, 0.7, pytest.approx(0.3)])
    assert invoked.body["predictions"] == ["small", "large"]


def test_a_client_that_packs_its_tensors_is_understood(server):
    """As tritonclient sends them by default."""
    texts = b"".join(struct.pack("<I", len(text)) + text for text in (b"Austin", b"Waco"))
    days = b"".join(struct.pack("<I", len(text)) + text for text in (b"2020-05-31", b"1999-01-01"))
    packed = {
        "city": ("BYTES", texts),
        "rooms": ("INT32", struct.pack("<2i", 3, 7)),
        "garden": ("FP64", struct.pack("<2d", 200.5, float("nan"))),
        "new": ("BOOL", b"\x01\x00"),
        "sold": ("BYTES", days),
    }
    inputs = [
        {"name": name, "shape": [2], "datatype": datatype, "parameters": {"binary_data_size": len(raw)}}
        for name, (datatype, raw) in packed.items()
    ]
    header = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    body = header + b"".join(raw for _, raw in packed.values())

    answer = server.ask("POST", INFER, raw=body, headers={"inference-header-content-length": str(len(header))})

    assert answer.status == 200, answer.body
    assert tensor(answer, "predict")["data"] == own(server, ROWS).predictions


@pytest.mark.parametrize(
    "inputs",
    [
        [{"name": "city", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 980_000}}],
        [{"name": "city", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 8}}] * 4_000,
    ],
    ids=["empty texts", "tensors"],
)
def test_as_many_as_a_body_can_hold_are_refused_within_the_functions_time(server, inputs):
    header = json.dumps({"inputs": inputs}).encode()
    body = header.ljust(1_000_000, b"\0")
    started = time.monotonic()

    answer = server.ask("POST", INFER, raw=body, headers={"inference-header-content-length": str(len(header))})

    assert answer.status == 400
    assert time.monotonic() - started < FUNCTION_SECONDS


def test_only_the_outputs_that_were_asked_for_are_told(server):
    answer = server.ask("POST", INFER, {"id": "x", "inputs": TENSORS, "outputs": [{"name": "predict"}]})

    assert answer.body["id"] == "x"
    assert [output["name"] for output in answer.body["outputs"]] == ["predict"]


def test_what_describes_the_model_names_its_features_and_version(server):
    status = server.ask("GET", "/v1/models/houses").body
    assert status["model_version_status"][0]["version"] == "v7"
    assert status["model_version_status"][0]["state"] == "AVAILABLE"
    signature = server.ask("GET", "/v1/models/houses/metadata").body["metadata"]["signature_def"]["signature_def"]
    inputs = signature["serving_default"]["inputs"]
    assert {name: each["dtype"] for name, each in inputs.items()} == {
        "city": "DT_STRING", "rooms": "DT_DOUBLE", "garden": "DT_DOUBLE", "new": "DT_BOOL", "sold": "DT_STRING",
    }  # fmt: skip
    described = server.ask("GET", "/v2/models/houses").body
    assert described["versions"] == ["v7"]
    assert {each["name"]: each["datatype"] for each in described["inputs"]} == {**DATATYPES, "rooms": "FP64"}
    assert {each["name"]: each["shape"] for each in described["outputs"]} == {"predict": [-1], "prediction_id": [-1]}
    wide = server.ask("GET", "/v2/models/houses", classifies=True).body["outputs"]
    assert {each["name"]: each["shape"] for each in wide}["predict_proba"] == [-1, 2]


def test_before_a_champion_each_says_that_it_is_not_ready(server):
    without = FakeModels(NoChampion("no model yet: evergreen train"))

    ready = {
        path: server.ask("GET", path, models=without)
        for path in ("/v2/health/ready", "/v2/models/houses/ready", "/v1/models/houses", "/ping")
    }

    assert {answer.status for answer in ready.values()} == {503}
    assert ready["/v2/health/ready"].body == {"ready": False}
    assert ready["/v1/models/houses"].headers["Retry-After"] == "60"
    assert server.ask("GET", "/v2/health/live", models=without).body == {"live": True}
    assert server.ask("GET", "/v2", models=without).status == 200


def test_a_failure_of_ours_is_told_in_the_protocols_form_without_details(server):
    broken = FakeModels(RuntimeError("secret detail"))

    for path, body in ((PREDICT, {"instances": ROWS}), (INFER, {"inputs": TENSORS}), (INVOKE, {"instances": ROWS})):
        answer = server.ask("POST", path, body, models=broken)
        assert answer.status == 500
        assert "secret detail" not in json.dumps(answer.body)
        assert answer.body.get("error") or answer.body["error_code"] == "INTERNAL_ERROR"
        assert value(answer.metrics, names.PREDICTION_ERRORS) == 1


def test_what_is_refused_is_counted_and_its_values_are_not_recorded(server):
    for path, body in (
        (PREDICT, {"instances": [{**ROW, "rooms": "secret"}]}),
        (INFER, {"inputs": [{**each, "data": ["secret"] * 2} for each in TENSORS]}),
        (INVOKE, {"dataframe_records": [{**ROW, "secret": 1}]}),
    ):
        answer = server.ask("POST", path, body)
        assert answer.status == 400
        assert value(answer.metrics, names.REJECTED_REQUESTS) == 1
        assert any(line["message"] == "rejected" for line in answer.logs)


def test_the_openapi_document_has_the_routes_that_are_on_with_examples_that_are_answered(server):
    document = server.ask("GET", "/openapi.json").body

    described = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert described == {*names.ROUTES, *(route for routes in names.PROTOCOL_ROUTES.values() for route in routes)}
    operations = [each.ok() for each in schemathesis.openapi.from_dict(document).get_all_operations()]
    assert len(operations) == len(described)
    for path, asked in (("/v1/models/{model}", PREDICT), ("/v2/models/{model}/infer", INFER), (INVOKE, INVOKE)):
        example = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert server.ask("POST", asked, example).status == 200


def test_a_protocol_that_is_off_has_no_routes(call):
    answer = call({"instances": [ROW]}, path="/invocations")

    assert answer.status == 404
    assert "/invocations" not in answer.body["detail"]
