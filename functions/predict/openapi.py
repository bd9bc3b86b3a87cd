"""The OpenAPI 3.1 document of the endpoint, made from the champion's contract."""

import re
from collections.abc import Sequence
from typing import Any

from evergreen.contract.cells import TRUE
from evergreen.contract.contract import Contract
from evergreen.contract.date_form import DAY, TIME, ZONED
from evergreen.contract.feature import CATEGORY, DATE, NUMBER, Feature
from evergreen.errors import MOST_ERRORS
from evergreen.number_text import number
from functions.predict.body import MAX_BODY_BYTES, MAX_ROWS
from functions.predict.scoring import rows_a_request

_PROBLEM = {
    "type": "object",
    "description": f"RFC 9457; `errors` names the wrong fields, {MOST_ERRORS} of them at most",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "got", "expected"],
                "properties": {name: {"type": "string"} for name in ("field", "got", "expected")},
            },
        },
    },
}
# Categories of a feature that its description names; GET /model has all of them.
_NAMED = 255
_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}
_MODEL = {
    "name": _TEXT,
    "version": _TEXT,
    "digest": _TEXT,
    "promoted_at": {"type": "string", "format": "date-time"},
    "metrics": _OBJECT,
    "contract": _OBJECT,
}
# What str.strip takes away. Dialects of regular expressions differ in what `\s` is.
_BLANK = r"[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_SYNTAX = r"[\^$\\.*+?()\[\]{}|/]"
# By the form of a date.
_DATES: dict[str, dict[str, str]] = {
    DAY: {"format": "date"},
    TIME: {"pattern": r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$"},
    ZONED: {"format": "date-time"},
}
_VERSION = {"model_version": {"type": "string"}}
_PROBLEMS = {
    400: "The body is not JSON, or not of the described form",
    413: f"The body has more than {MAX_BODY_BYTES} bytes",
    415: "The body is compressed",
    422: "A row does not fit the contract; every wrong field is named",
    500: "The function failed",
    503: "No model has been promoted yet",
}


def document(contract: Contract, *, name: str, version: str, protocols: Sequence[str] = ()) -> dict[str, Any]:
    """
    Args:
        name: of the model.
        version: of the champion that the document describes.
        protocols: those that the endpoint speaks besides its own.
    """
    example = {feature.name: _example(feature) for feature in contract.features}
    schemas = {"Features": _features(contract), "Problem": _PROBLEM}
    if contract.stored:
        # Most models have no feature store, and their zip may be without its code.
        from functions.predict.openapi_entities import entity_row

        schemas["EntityRow"] = entity_row(contract, schemas["Features"])
    others: dict[str, Any] = {}
    if protocols:
        # Likewise.
        from functions.predict.protocols.openapi import paths

        others = paths(protocols, contract, example)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name,
            "version": version,
            "description": f"Predicts `{contract.target}`. Limits: {MAX_BODY_BYTES} bytes and "
            f"{rows_a_request(contract)} rows a request, 1000 characters a text. The gateway itself answers 403, 404, "
            '413, 429 and 503 with `{"message": ...}`.',
        },
        "paths": {
            "/predict": {"post": _predict(example, contract)},
            "/feedback": {"post": _feedback(contract)},
            "/model": {"get": _get("The champion: version, metrics and contract", _closed(_MODEL))},
            "/health": {"get": _get("Whether a model is served", _closed({"status": {"const": "ok"}, **_VERSION}))},
            "/openapi.json": {"get": _get("This document", {"type": "object", "required": ["openapi", "paths"]})},
            **others,
        },
        "components": {"schemas": schemas},
    }


def _features(contract: Contract) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [feature.name for feature in contract.features],
        "properties": {feature.name: _property(feature, contract.missing or ()) for feature in contract.features},
    }


def _property(feature: Feature, marks: Sequence[str]) -> dict[str, Any]:
    """
    Args:
        marks: texts that mean a missing value.
    """
    kind = "number" if feature.type == NUMBER else "boolean" if feature.is_boolean else "string"
    required = not feature.missing_allowed
    if feature.type == DATE:
        # Most models have no dates, and start without it.
        from evergreen.contract.dates import span

        seen = f"{span(feature.minimum, feature.maximum, feature.form)} in training"
    elif feature.type == NUMBER:
        low, high = feature.minimum, feature.maximum
        seen = f"from {number(low)} to {number(high)} in training" if low is not None and high is not None else ""
    else:
        more = len(feature.categories) - _NAMED
        seen = f"in training: {', '.join(feature.categories[:_NAMED])}{f' and {more} more' if more > 0 else ''}"
    is_text = feature.type == CATEGORY and kind == "string"
    schema: dict[str, Any] = {
        "type": kind if required else [kind, "null"],
        **(_DATES[feature.form] if feature.form else {}),
    }
    if marks and required and is_text:
        schema["not"] = _mark(marks)
    elif marks and not required and not is_text:
        schema = {"anyOf": [schema, {"type": "string", **_mark(marks)}]}
    return {**schema, "description": seen, "examples": [_example(feature)]}


def _mark(marks: Sequence[str]) -> dict[str, str]:
    """A mark of a missing value, with blanks around it or without."""
    words = "|".join(re.sub(_SYNTAX, r"\\\g<0>", mark) for mark in marks)
    return {"pattern": f"^{_BLANK}*({words}){_BLANK}*$"}


def _example(feature: Feature) -> Any:
    return feature.example == TRUE if feature.is_boolean else feature.example


def _predict(example: dict[str, Any], contract: Contract) -> dict[str, Any]:
    features = {"$ref": "#/components/schemas/Features"}
    rows = {"type": "array", "minItems": 1, "maxItems": rows_a_request(contract)}
    one, many = {"features": features}, {"instances": {**rows, "items": features}}
    forms = [_closed(one), _closed(many)]
    if contract.stored:
        by_entities = {"$ref": "#/components/schemas/EntityRow"}
        # Where a feature has that name, an instance's `entities` is the feature.
        either = features if "entities" in contract.names else {"oneOf": [features, by_entities]}
        forms = [forms[0], by_entities, _closed({"instances": {**rows, "items": either}})]
    answer_one = {"type": "object", "required": ["prediction", "prediction_id", "model_version"]}
    answer_many = {"type": "object", "required": ["predictions", "model_version"]}
    said = _prediction(contract)
    prediction = {"type": "object", "required": ["prediction", "prediction_id"], "properties": said}
    return {
        "summary": "Predict one row or several",
        "requestBody": _json({"oneOf": forms}, example={"features": example}),
        "responses": {
            "200": _answer(
                "The predictions, in the order of the rows",
                {
                    "oneOf": [
                        {**answer_one, "properties": {**said, **_VERSION}},
                        {**answer_many, "properties": {"predictions": {**rows, "items": prediction}, **_VERSION}},
                    ]
                },
            ),
            **_problems(*_PROBLEMS),
        },
    }


def _feedback(contract: Contract) -> dict[str, Any]:
    label = _closed(
        {
            "prediction_id": {"type": "string", "format": "uuid"},
            "actual": {**_target(contract), "description": "what really happened"},
        }
    )
    several = _closed({"labels": {"type": "array", "minItems": 1, "maxItems": MAX_ROWS, "items": label}})
    truth = contract.classes[0] if contract.classes else 1.0
    example = {"prediction_id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "actual": truth}
    accepted = {"type": "object", "required": ["accepted"], "properties": {"accepted": {"type": "integer"}}}
    return {
        "summary": "Say what really happened",
        "requestBody": _json({"oneOf": [label, several]}, example=example),
        "responses": {"202": _answer("Recorded", accepted), **_problems(400, 413, 415, 422, 500, 503)},
    }


def _target(contract: Contract) -> dict[str, Any]:
    if contract.classes:
        return {"type": "string", "enum": list(contract.classes)}
    return {"type": "number", "description": "in units of the target"}


def _prediction(contract: Contract) -> dict[str, Any]:
    """The properties of one row's answer."""
    properties: dict[str, Any] = {
        "prediction": _target(contract),
        "prediction_id": {"type": "string", "format": "uuid", "description": "for POST /feedback"},
        "warnings": {"type": "array", "items": {"type": "string"}, "description": "values that training never saw"},
    }
    if contract.classes:
        of_class = {"type": "number", "minimum": 0, "maximum": 1}
        properties["probabilities"] = _closed(dict.fromkeys(contract.classes, of_class))
    return properties


def _get(summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": _answer(summary, schema), **_problems(500, 503)}}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _json(schema: dict[str, Any], *, example: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _problems(*statuses: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): {"description": _PROBLEMS[status], "content": content} for status in statuses}
