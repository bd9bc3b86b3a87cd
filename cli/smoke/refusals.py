"""Wrong requests: each must be refused as the README documents it."""

import json
from collections.abc import Iterator

from cli.aws.endpoint import Answer
from cli.findings import Finding
from cli.smoke.champion import needs_the_champion, not_as_documented
from cli.smoke.deployed import Deployed, failure, ok, skipped
from cli.smoke.predictions import example_row
from functions.predict.body import MAX_BODY_BYTES

NO_SUCH_ROUTE = "/no-such-route"


def look_at_what_the_gateway_refuses(stack: Deployed) -> Iterator[Finding]:
    """An unknown route and an unsigned request, neither of which reaches the function."""
    if not stack.answers:
        yield skipped("refusals", "the endpoint does not answer")
        return
    unknown = stack.endpoint.ask("GET", NO_SUCH_ROUTE)
    yield _refused("unknown route", f"GET {NO_SUCH_ROUTE}", unknown, 404)
    unsigned = stack.endpoint.ask("POST", "/predict", b"{}", signed=False)
    yield _refused("unsigned request", "a request without a signature", unsigned, 403)


def look_at_what_the_function_refuses(stack: Deployed) -> Iterator[Finding]:
    """A value of a wrong type, a body that is no JSON, and one that is too large."""
    if blocked := needs_the_champion(stack, "wrong requests"):
        yield blocked
        return
    assert stack.model
    example = example_row(stack)
    name = stack.model.contract.features[0].name
    # No feature takes a list.
    answer = stack.endpoint.ask("POST", "/predict", json.dumps({"features": {**example, name: ["smoke"]}}).encode())
    named = [error.get("field") for error in answer.body.get("errors", [])]
    if answer.status == 422 and named != [f"features.{name}"]:
        yield failure("wrong type", f"422, but it names {named} instead of features.{name}")
    else:
        yield _refused("wrong type", f"a list as {name}", answer, 422)
    malformed = stack.endpoint.ask("POST", "/predict", b'{"features": ')
    yield _refused("malformed body", "half a JSON document", malformed, 400)
    # Blanks after the document: nothing is wrong with it but its size.
    large = json.dumps({"features": example}).encode().ljust(MAX_BODY_BYTES + 1)
    yield _refused("large body", f"a body of {len(large):,} bytes", stack.endpoint.ask("POST", "/predict", large), 413)


def _refused(check: str, what: str, answer: Answer, status: int) -> Finding:
    if answer.status != status:
        return not_as_documented(check, what, answer, status)
    return ok(check, f"{status} for {what}: {answer.words}")
