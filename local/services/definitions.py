"""Step Functions' validation of a definition. ministack's own accepts all.

It knows less than AWS: whether the text is JSON, its states can be reached from one another, and its JSONata parses.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

import json
from collections.abc import Iterator
from typing import Any

from local import engine

_END = ("Succeed", "Fail")


def install() -> None:
    engine.VALIDATE_DEFINITION.replace(_validate)


def _validate(data: dict[str, Any]) -> tuple:
    diagnostics = list(_diagnostics(data.get("definition", "")))
    answer = {"result": "FAIL" if diagnostics else "OK", "diagnostics": diagnostics, "truncated": False}
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()


def _diagnostics(text: str) -> Iterator[dict[str, str]]:
    try:
        definition = json.loads(text)
    except ValueError as error:
        yield _error("INVALID_JSON_DESCRIPTION", str(error), "/")
        return
    if not isinstance(definition, dict) or not isinstance(definition.get("States"), dict):
        yield _error("SCHEMA_VALIDATION_FAILED", "The value of the field 'States' must be an object", "/")
        return
    yield from _of_states(definition, "")
    if refusal := engine.VALIDATE_JSONATA(text):
        yield _error("SCHEMA_VALIDATION_FAILED", refusal, "/States")


def _of_states(definition: dict[str, Any], place: str) -> Iterator[dict[str, str]]:
    """Of the states of a machine, or of a branch of one of its states."""
    states = definition["States"]
    if definition.get("StartAt") not in states:
        yield _error("MISSING_TRANSITION_TARGET", f"Missing 'StartAt' target: {definition.get('StartAt')}", f"{place}/")
    for name, state in states.items():
        at = f"{place}/States/{name}"
        for target in _targets(state):
            if target not in states:
                yield _error("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", at)
        if state.get("Type") not in (*_END, "Choice") and not state.get("End") and "Next" not in state:
            yield _error("SCHEMA_VALIDATION_FAILED", "A state must have 'Next' or 'End'", at)
        branches = [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]
        for index, branch in enumerate(branches):
            yield from _of_states(branch, f"{at}/{index}")


def _targets(state: dict[str, Any]) -> Iterator[str]:
    for transition in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in transition:
            yield transition["Next"]
    if "Default" in state:
        yield state["Default"]


def _error(code: str, message: str, location: str) -> dict[str, str]:
    return {"severity": "ERROR", "code": code, "message": message, "location": location}
