"""The protocol of MLflow's scoring server: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally

The answer's `predictions` are those of MLflow. Beside them stand `prediction_ids`, which POST /feedback takes, and
`model_version`.
"""

from collections.abc import Sequence
from typing import Any

from evergreen.errors import FieldError
from evergreen.quoting import cut
from functions.predict.answers import Answer, success
from functions.predict.body import MalformedRequest
from functions.predict.protocols.call import Call, require_known
from functions.predict.protocols.columns import rows_of
from functions.predict.scoring import rows_request

# The release whose protocol this is: a test holds it to the one that is installed.
RELEASE = "3.17.2"
_SPLIT, _RECORDS, _INSTANCES, _INPUTS = FORMS = "dataframe_split", "dataframe_records", "instances", "inputs"
_JSON = ("", "application/json")
# Statuses of POST /predict that the protocol knows by another one, and its names of them.
_STATUSES = {413: 400, 422: 400}
_CODES = {
    404: "RESOURCE_DOES_NOT_EXIST",
    415: "BAD_REQUEST",
    422: "INVALID_PARAMETER_VALUE",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}


def respond(call: Call) -> Answer:
    if call.route == "GET /version":
        return _text(RELEASE)
    served = call.champion()
    if call.route == "GET /ping":
        return _text("\n")
    media = call.header("content-type").partition(";")[0].strip().lower()
    if media not in _JSON:
        raise MalformedRequest(f"this endpoint takes application/json only, got {cut(media)}", status=415, quotes=True)
    name, rows = _rows(call.document())
    scored = call.score(served, rows_request(rows, served.model.contract, list_name=name))
    return success(
        {
            "predictions": [row.prediction for row in scored],
            "prediction_ids": [row.prediction_id for row in scored],
            "model_version": served.champion.version,
        }
    )


def error(status: int, message: str, _errors: Sequence[FieldError] = ()) -> Answer:
    code = _CODES.get(status, "BAD_REQUEST")
    return success({"error_code": code, "message": message}, status=_STATUSES.get(status, status))


def _text(body: str) -> Answer:
    return {**success({}), "body": body}


def _rows(document: Any) -> tuple[str, list[Any]]:
    """What the rows are called in the request, and the rows."""
    given = [name for name in FORMS if isinstance(document, dict) and name in document]
    if len(given) != 1:
        raise MalformedRequest(f"the body must be an object with exactly one of {', '.join(FORMS)}")
    if "params" in document:
        raise MalformedRequest("this model takes no params")
    require_known(document, FORMS)
    (name,) = given
    rows = document[name]
    if name == _SPLIT:
        return name, _split(rows)
    if name == _INPUTS and isinstance(rows, dict):
        return name, list(rows_of(rows, where=name))
    if not isinstance(rows, list):
        raise MalformedRequest(f"{name} must be a list of rows")
    return name, rows


def _split(frame: Any) -> list[Any]:
    if not isinstance(frame, dict) or not frame.keys() <= {"columns", "data", "index"}:
        raise MalformedRequest(f"{_SPLIT} must be an object with columns and data")
    columns, data = frame.get("columns"), frame.get("data")
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise MalformedRequest(f"{_SPLIT}.columns must be a list of names")
    if len(set(columns)) < len(columns):
        raise MalformedRequest(f"{_SPLIT}.columns has a name twice")
    if not isinstance(data, list):
        raise MalformedRequest(f"{_SPLIT}.data must be a list of rows")
    for place, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            got = f"{len(row)} values" if isinstance(row, list) else "no list"
            raise MalformedRequest(f"{_SPLIT}.data[{place}] must have {len(columns)} values, got {got}")
    return [dict(zip(columns, row, strict=True)) for row in data]
