"""Answers in the form that an HTTP API takes from a function; errors are application/problem+json after RFC 9457."""

import json
from collections.abc import Sequence
from typing import Any

from evergreen.errors import FieldError

Answer = dict[str, Any]

TITLES = {
    400: "The request is malformed",
    413: "The request is too large",
    415: "The request is compressed",
    422: "The request has wrong fields",
    500: "The prediction failed",
    503: "There is no model yet",
}


def success(document: dict[str, Any], *, status: int = 200) -> Answer:
    return _answer(status, "application/json", document)


def problem(status: int, title: str, detail: str, errors: Sequence[FieldError] = ()) -> Answer:
    """
    Args:
        errors: each wrong field with what was got and what would be right.
    """
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = [error.as_dict() for error in errors]
    return _answer(status, "application/problem+json", body)


def failure(status: int, detail: str, errors: Sequence[FieldError] = ()) -> Answer:
    """What could not be answered as it was asked."""
    return problem(status, TITLES[status], detail, errors)


def _answer(status: int, content_type: str, document: dict[str, Any]) -> Answer:
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type},
        "body": json.dumps(document, separators=(",", ":"), allow_nan=False),
        "isBase64Encoded": False,
    }
