"""Error answers: application/problem+json after RFC 9457."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[str]:
    """
    Args:
        errors: each wrong field with what was got and what would be right.
    """
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return Response(
        status_code=status, content_type="application/problem+json", body=json.dumps(body), headers=headers or {}
    )
