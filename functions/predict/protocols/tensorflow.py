"""TensorFlow Serving's REST interface: https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md

A model here has one signature, whose inputs are the features, and whose one output is the prediction. What the protocol
has no place for stands beside its own keys: `prediction_ids`, which POST /feedback takes, and `model_version`.
"""

import base64
from collections.abc import Sequence
from typing import Any

from evergreen.contract.contract import Contract
from evergreen.contract.feature import NUMBER, Feature
from evergreen.quoting import cut, quoted
from functions.predict.answers import Answer, success
from functions.predict.body import MalformedRequest
from functions.predict.models import Served
from functions.predict.protocols.call import Call, plain_error, require_known
from functions.predict.protocols.columns import rows_of
from functions.predict.scoring import PredictRequest, ScoredRow, require_rows, rows_request

SIGNATURE = "serving_default"
OUTPUT = "prediction"
_BYTES = "b64"
error = plain_error


def respond(call: Call) -> Answer:
    # The method stands behind a colon at the end of the last parameter.
    last = "version" if call.path("version") else "model"
    path = {name: call.path(name) for name in ("model", "version")}
    method = ""
    if call.route.startswith("POST"):
        path[last], _, method = path[last].rpartition(":")
        if method not in _METHODS:
            raise MalformedRequest(f"Malformed request: POST ...:{cut(method)}; there are {', '.join(_METHODS)}")
    served = call.require_served(path["model"], path["version"])
    if method:
        document = call.document()
        if not isinstance(document, dict):
            raise MalformedRequest("the body must be an object")
        _require_signature(document)
        return success(_METHODS[method](call, served, document))
    return success(_metadata(call, served) if call.route.endswith("/metadata") else _status(call, served))


def _status(call: Call, served: Served) -> dict[str, Any]:
    fine = {"error_code": "OK", "error_message": ""}
    state = {"version": served.champion.version, "state": "AVAILABLE", "status": fine}
    # The last two are what KServe's client asks for.
    return {"model_version_status": [state], "name": call.name, "ready": True}


def _metadata(call: Call, served: Served) -> dict[str, Any]:
    contract = served.model.contract
    signature = {
        "inputs": {feature.name: _tensor(feature.name, _dtype(feature)) for feature in contract.features},
        "outputs": {OUTPUT: _tensor(OUTPUT, "DT_STRING" if contract.classes else "DT_DOUBLE")},
        "method_name": "tensorflow/serving/predict",
    }
    return {
        "model_spec": {"name": call.name, "signature_name": "", "version": served.champion.version},
        "metadata": {"signature_def": {"signature_def": {SIGNATURE: signature}}},
    }


def _tensor(name: str, dtype: str) -> dict[str, Any]:
    shape = {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    return {"dtype": dtype, "tensor_shape": shape, "name": name}


def _dtype(feature: Feature) -> str:
    return "DT_DOUBLE" if feature.type == NUMBER else "DT_BOOL" if feature.is_boolean else "DT_STRING"


def _require_signature(document: dict[str, Any]) -> None:
    signature = document.get("signature_name", "")
    if signature not in ("", SIGNATURE):
        raise MalformedRequest(
            f"Serving signature name: {quoted(str(signature))} not found in signature def; there is {SIGNATURE}",
            quotes=True,
        )


def _predict(call: Call, served: Served, document: dict[str, Any]) -> dict[str, Any]:
    require_known(document, ("signature_name", "instances", "inputs"))
    if ("instances" in document) == ("inputs" in document):
        raise MalformedRequest('the body must have one of "instances", a list of rows, and "inputs", columns by name')
    if "instances" in document:
        rows, where, key = _instances(document["instances"], served.model.contract), "instances", "predictions"
    else:
        rows, where, key = _inputs(document["inputs"], served.model.contract), "inputs", "outputs"
    scored = call.score(served, rows_request(rows, served.model.contract, list_name=where))
    return {key: [row.prediction for row in scored], **_beside(served, scored)}


def _classify(call: Call, served: Served, document: dict[str, Any]) -> dict[str, Any]:
    contract = served.model.contract
    if not contract.classes:
        raise MalformedRequest("this model is a regression: ask by :regress or :predict")
    scored = call.score(served, _examples(document, contract))
    results = []
    for row in scored:
        shares = row.probabilities or {label: float(label == row.prediction) for label in contract.classes}
        results.append([[label, share] for label, share in shares.items()])
    return {"results": results, **_beside(served, scored)}


def _regress(call: Call, served: Served, document: dict[str, Any]) -> dict[str, Any]:
    if served.model.contract.classes:
        raise MalformedRequest("this model is a classification: ask by :classify or :predict")
    scored = call.score(served, _examples(document, served.model.contract))
    return {"results": [row.prediction for row in scored], **_beside(served, scored)}


_METHODS = {"predict": _predict, "classify": _classify, "regress": _regress}


def _beside(served: Served, scored: Sequence[ScoredRow]) -> dict[str, Any]:
    return {"prediction_ids": [row.prediction_id for row in scored], "model_version": served.champion.version}


def _instances(instances: Any, contract: Contract) -> list[Any]:
    if not isinstance(instances, list):
        raise MalformedRequest('"instances" must be a list of rows')
    only = contract.features[0].name if len(contract.features) == 1 else ""
    if only:
        # With one input, its name may be left out.
        instances = [row if _is_row(row) else {only: row} for row in instances]
    return [_plain_row(row) if isinstance(row, dict) else row for row in instances]


def _inputs(inputs: Any, contract: Contract) -> list[dict[str, Any]]:
    if isinstance(inputs, list) and len(contract.features) == 1:
        inputs = {contract.features[0].name: inputs}
    if not isinstance(inputs, dict):
        raise MalformedRequest('"inputs" must be an object of feature name to a list of values')
    return [_plain_row(row) for row in rows_of(inputs, where="inputs")]


def _examples(document: dict[str, Any], contract: Contract) -> PredictRequest:
    require_known(document, ("signature_name", "context", "examples"))
    examples, context = document.get("examples"), document.get("context", {})
    if not isinstance(examples, list) or not all(isinstance(each, dict) for each in examples):
        raise MalformedRequest('"examples" must be a list of objects of feature name to value')
    if not isinstance(context, dict) or not context.keys() <= contract.names:
        raise MalformedRequest('"context" must be an object of feature name to value, of features that there are')
    require_rows(examples, contract, list_name="examples")
    rows = [{name: _single(value) for name, value in {**context, **each}.items()} for each in examples]
    return rows_request(rows, contract, list_name="examples")


def _single(value: Any) -> Any:
    """A feature of an example may be a list of its values, of which a row has one."""
    return _plain(value[0] if isinstance(value, list) and len(value) == 1 else value)


def _is_row(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() != {_BYTES}


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """Text that came as bytes in base64."""
    if not (isinstance(value, dict) and value.keys() == {_BYTES} and isinstance(value[_BYTES], str)):
        return value
    try:
        return base64.b64decode(value[_BYTES], validate=True).decode()
    except ValueError as failure:
        raise MalformedRequest(f'a value {{"{_BYTES}": ...}} is not text in UTF-8, in base64') from failure
