"""Predictions and a label over HTTPS, and what the portable scorer makes of the same rows here."""

import json
import math
import statistics
import time
from collections.abc import Iterator
from typing import Any

from cli.aws.endpoint import Answer
from cli.findings import Finding
from cli.interruption import interrupted_afterwards
from cli.smoke.champion import needs_the_champion, not_as_documented
from cli.smoke.deployed import Deployed, SentRow, failure, ok, skipped, warning
from evergreen.errors import InvalidRow
from evergreen.versions.bundle import ServableModel

# So many that the wrong requests that reach the function, three or four, stay below a tenth of all, above which the
# stack's alarm on rejected requests fires; see `[alarms] rejected_share`.
TIMED = 38
# The mathematical functions of two machines may differ in the last bits. Trees use none.
_SAME = 1e-12


def look_at_predictions(stack: Deployed) -> Iterator[Finding]:
    """The contract's example alone and among several, held against the scorer here; and how long an answer takes."""
    if blocked := needs_the_champion(stack, "predict"):
        yield blocked
        return
    assert stack.model
    example = example_row(stack)
    try:
        rows = [example, _with_nulls(stack.model, example)]
        parsed = [stack.model.contract.parse(row) for row in rows]
    except InvalidRow as error:
        yield skipped("predict", f"the contract has no example that it takes itself: {error}", "evergreen train")
        return
    single = _predict(stack, {"features": example}, [example])
    several = _predict(stack, {"instances": rows}, rows)
    for answer in (single, several):
        if answer.status != 200:
            yield not_as_documented("predict", "the contract's own example", answer, 200)
            return
    yield _both_ways(stack, single, several)
    predicted = several.body["predictions"]
    yield _exactness(
        stack.model, parsed, [predicted[0]["prediction"], predicted[1]["prediction"]], _probabilities(predicted)
    )
    yield from _timed(stack, example)


def look_at_feedback(stack: Deployed) -> Iterator[Finding]:
    """A label for the first prediction; no other one, since the next check would name it."""
    if blocked := needs_the_champion(stack, "feedback"):
        yield blocked
        return
    if not stack.rows:
        yield skipped("feedback", "there is no prediction to tell the truth of")
        return
    row = stack.rows[0]
    # Before the request: an answer that gets lost has been recorded.
    stack.labelled = row.prediction_id
    answer = _post(stack, "/feedback", {"prediction_id": row.prediction_id, "actual": row.prediction})
    if answer.status != 202:
        yield not_as_documented("feedback", "a label for a prediction", answer, 202)
    else:
        yield ok(
            "feedback",
            "202 for the truth about a prediction; of an unknown id none was sent: it is accepted too, and named by "
            "the next drift check",
        )


def example_row(stack: Deployed) -> dict[str, Any]:
    """The example of /openapi.json, which is the contract's."""
    document = stack.endpoint.ask("GET", "/openapi.json").body
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    return dict(body["example"]["features"])


def _with_nulls(model: ServableModel, example: dict[str, Any]) -> dict[str, Any]:
    """The example without what may be missing."""
    return {**example, **{feature.name: None for feature in model.contract.features if feature.missing_allowed}}


def _predict(stack: Deployed, body: dict[str, Any], rows: list[dict[str, Any]]) -> Answer:
    """The answer; its predictions are among those that the stack's captures must show, and then lose."""
    assert stack.model
    contract = stack.model.contract
    with interrupted_afterwards():
        stack.lost += 1
        answer = _post(stack, "/predict", body)
        stack.lost -= answer.status < 500
        if answer.status == 200:
            for row, predicted in zip(rows, answer.body.get("predictions", [answer.body]), strict=True):
                read = contract.as_read(row, contract.parse(row))
                recorded = {name: value for name, value in read.items() if name not in stack.log.leave_out}
                stack.rows.append(SentRow(predicted["prediction_id"], recorded, predicted["prediction"]))
    return answer


def _post(stack: Deployed, path: str, body: dict[str, Any]) -> Answer:
    stack.last_sent = time.monotonic()
    return stack.endpoint.ask("POST", path, json.dumps(body).encode())


def _both_ways(stack: Deployed, single: Answer, several: Answer) -> Finding:
    assert stack.champion
    versions = {single.body["model_version"], several.body["model_version"]}
    if versions != {stack.champion.version}:
        other = ", ".join(sorted(versions - {stack.champion.version}))
        found = f"an instance still serves {other}; each follows with its first request after a minute"
        return warning("predict", found, f"evergreen smoke {stack.options}, a minute later")
    one, same = single.body["prediction"], several.body["predictions"][0]["prediction"]
    if one != same:
        return failure("predict", f"the same row gives {one!r} alone and {same!r} among several", "see its log")
    return ok("predict", f"{one!r} for the contract's example, alone and among several")


def _exactness(
    model: ServableModel, rows: list[Any], predictions: list[Any], probabilities: list[dict[str, float] | None]
) -> Finding:
    """Every number of the answers beside what the bundle's scorer makes of the rows here."""
    pairs: list[tuple[Any, Any]] = []
    for row, predicted, by_class in zip(rows, predictions, probabilities, strict=True):
        pairs.append((predicted, model.predict(row)))
        pairs += zip((by_class or {}).values(), model.probabilities(row) or [], strict=True)
    if all(served == here for served, here in pairs):
        return ok("exactness", "the bundle in S3, scored here, gives the same to the last bit")
    for served, here in pairs:
        numbers = isinstance(served, int | float) and isinstance(here, int | float)
        if served != here and not (numbers and math.isclose(served, here, rel_tol=_SAME)):
            found = f"the endpoint predicts {served!r}, and the bundle in S3, scored here, {here!r}"
            remedy = "was another release of the code deployed than this checkout is? cdk diff shows it"
            return failure("exactness", found, remedy)
    return warning("exactness", "the same but for the last bits, in which the exp and log of two machines may differ")


def _probabilities(predicted: list[dict[str, Any]]) -> list[dict[str, float] | None]:
    return [answer.get("probabilities") for answer in predicted]


def _timed(stack: Deployed, example: dict[str, Any]) -> Iterator[Finding]:
    took = []
    for place in range(TIMED):
        stack.progress(f"{place} of {TIMED} predictions")
        started = time.monotonic()
        answer = _predict(stack, {"features": example}, [example])
        took.append((time.monotonic() - started) * 1000)
        if answer.status != 200:
            yield not_as_documented("latency", f"prediction {place + 1} of {TIMED}", answer, 200)
            return
    yield ok("latency", f"p50 {statistics.median(took):.0f} ms, longest {max(took):.0f} ms of {TIMED} requests")
