"""The part of the OpenAPI document that only an endpoint with other protocols has."""

from collections.abc import Mapping, Sequence
from typing import Any

from evergreen.contract.contract import Contract
from evergreen.names import PROTOCOL_ROUTES
from functions.predict.protocols import open_inference

_TEXT = {"type": "string"}
_TITLES = {
    "tensorflow": "TensorFlow Serving's REST interface",
    "open-inference": "Open Inference Protocol, version 2",
    "mlflow": "MLflow's scoring server",
}
_PROBLEMS = {
    400: "The request is not what the protocol or the contract takes; the error names the fields",
    404: "Another model or version was asked for",
    500: "The function failed",
    503: "No model has been promoted yet",
}
# Keys of each protocol's errors.
_ERRORS = {"mlflow": ("error_code", "message")}


def paths(protocols: Sequence[str], contract: Contract, example: Mapping[str, Any]) -> dict[str, Any]:
    """The paths of the protocols that are on.

    Args:
        example: a row.
    """
    found: dict[str, Any] = {}
    for protocol in protocols:
        bodies = _BODIES[protocol](contract, example)
        for route in PROTOCOL_ROUTES[protocol]:
            method, path = route.split()
            found.setdefault(path, {})[method.lower()] = _operation(
                protocol, path, bodies if method == "POST" else None
            )
    return found


def _operation(protocol: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    parameters = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
    error = {"type": "object", "required": list(_ERRORS.get(protocol, ("error",)))}
    operation: dict[str, Any] = {
        "summary": _TITLES[protocol],
        "tags": [protocol],
        "parameters": [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in parameters],
        "responses": {
            "200": _json("The answer in the form of the protocol", {}),
            **{str(status): _json(words, error) for status, words in _PROBLEMS.items()},
        },
    }
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": body}}
    if protocol == "mlflow" and body:
        operation["responses"]["415"] = _json("The body is neither JSON nor uncompressed", error)
    return operation


def _json(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _tensorflow(_contract: Contract, example: Mapping[str, Any]) -> dict[str, Any]:
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Features"}}
    columns = {"type": "object", "additionalProperties": {"type": "array"}}
    forms = [
        {"type": "object", "required": [key], "properties": {"signature_name": _TEXT, key: schema}}
        for key, schema in (("instances", rows), ("inputs", columns), ("examples", rows))
    ]
    words = "Append :predict, :classify or :regress to the path. `examples` is of the last two"
    return {"schema": {"oneOf": forms, "description": words}, "example": {"instances": [example]}}


def _open_inference(contract: Contract, example: Mapping[str, Any]) -> dict[str, Any]:
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"enum": [feature.name for feature in contract.features]},
            "shape": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
            "datatype": _TEXT,
            "data": {"type": "array"},
        },
    }
    count = len(contract.features)
    inputs = {"type": "array", "items": tensor, "minItems": count, "maxItems": count}
    schema = {"type": "object", "required": ["inputs"], "properties": {"id": _TEXT, "inputs": inputs}}
    shown = [
        {
            "name": feature.name,
            "shape": [1],
            "datatype": open_inference.datatypes(feature)[0],
            "data": [example[feature.name]],
        }
        for feature in contract.features
    ]
    return {"schema": schema, "example": {"inputs": shown}}


def _mlflow(_contract: Contract, example: Mapping[str, Any]) -> dict[str, Any]:
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Features"}}
    split: dict[str, Any] = {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {"columns": {"type": "array", "items": _TEXT}, "data": {"type": "array"}},
    }
    columns = {"type": "object", "additionalProperties": {"type": "array"}}
    inputs = {"anyOf": [rows, columns]}
    forms: dict[str, dict[str, Any]] = {
        "dataframe_split": split,
        "dataframe_records": rows,
        "instances": rows,
        "inputs": inputs,
    }
    return {
        "schema": {"oneOf": [_only(key, schema) for key, schema in forms.items()]},
        "example": {"dataframe_records": [example]},
    }


def _only(key: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [key], "additionalProperties": False, "properties": {key: schema}}


_BODIES = {"tensorflow": _tensorflow, "open-inference": _open_inference, "mlflow": _mlflow}
