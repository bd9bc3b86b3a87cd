"""Evaluates what the state machine says in JSONata, as Step Functions does; two implementations must agree."""

import json
import shutil
import subprocess
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import jsonata

# They give something else each time.
_UNEQUAL = ("$uuid()", "$millis()")


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
    answer = _by_the_reference(value, {**variables, "states": states})
    assert answer.get("value") is not None, f"{value}: {answer.get('error', 'undefined')}"
    if not any(call in value for call in _UNEQUAL):
        assert answer["value"] == result, value
    return result


@cache
def _reference() -> subprocess.Popen[str]:
    """One process for all tests; it ends with the closing of its input."""
    node = shutil.which("node")
    assert node
    script = Path(__file__).with_name("reference.js")
    return subprocess.Popen([node, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _by_the_reference(value: str, variables: dict[str, Any]) -> dict[str, Any]:
    """What npm's jsonata, the reference implementation, makes of an expression."""
    process = _reference()
    assert process.stdin
    assert process.stdout
    expression = value.removeprefix("{%").removesuffix("%}").strip()
    process.stdin.write(json.dumps({"expression": expression, "variables": variables}) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


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
