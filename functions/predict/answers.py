"""Answers in the form that an HTTP API takes from a function; errors are application/problem+json after RFC 9457."""

import json
from typing import Any

Answer = dict[str, Any]


def success(document: dict[str, Any], *, status: int = 200) -> Answer:
    return _answer(status, "application/json", document)


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """
    Args:
        errors: each wrong field with what was got and what would be right.
    """
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return _answer(status, "application/problem+json", body, headers)


def _answer(status: int, content_type: str, document: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, **(headers or {})},
        "body": json.dumps(document, separators=(",", ":"), allow_nan=False),
        "isBase64Encoded": False,
    }
