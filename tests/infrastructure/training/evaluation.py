"""Evaluates what the state machine says in JSONata, as Step Functions does."""

import json
import uuid
from typing import Any

import jsonata


def evaluate(value: Any, variables: dict[str, Any], **states: Any) -> Any:
    """`value` with each JSONata expression in it evaluated.

    Args:
        states: what the expressions find below `$states`: `input`, `result`, `context`, `errorOutput`.
    """
    if isinstance(value, dict):
        return {key: evaluate(item, variables, **states) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluate(item, variables, **states) for item in value]
    if not (isinstance(value, str) and value.startswith("{%")):
        return value
    expression = jsonata.Jsonata.jsonata(value.removeprefix("{%").removesuffix("%}").strip())
    # Two functions that Step Functions adds to JSONata.
    expression.register_lambda("uuid", lambda: str(uuid.uuid4()))
    expression.register_lambda("parse", json.loads)
    result = expression.evaluate(None, {**variables, "states": states})
    assert result is not None, f"{value} is undefined, which Step Functions refuses"
    return result


def context(retries: int = 0, *, redrives: int | None = None) -> dict[str, Any]:
    """Step Functions' context object. Whether it counts redrives before the first one is not documented."""
    return {
        "State": {"RetryCount": retries},
        "Execution": {
            "Id": "arn:aws:states:us-east-1:111122223333:execution:training:one",
            "StartTime": "2026-11-23T20:46:48.123Z",
            **({} if redrives is None else {"RedriveCount": redrives}),
        },
    }
