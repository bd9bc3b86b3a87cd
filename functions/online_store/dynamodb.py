"""BatchGetItem of DynamoDB by signed POSTs, within a budget of time that all reads of a request share."""

import json
import os
import random
import time
from collections.abc import Mapping
from typing import Any

from functions.signed_connection import SignedConnection, Unreachable, address_of

# Seconds that all reads of one request may take, retries and pauses included: the caller waits for them.
BUDGET_SECONDS = 1.0
# Of connecting and of each read, in seconds. DynamoDB answers within a few milliseconds.
_TIMEOUT = 0.5
# The pause before the first retry, in seconds; each later one is twice as long.
_FIRST_PAUSE = 0.025
# What is gone by itself. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_PASSING = frozenset(
    (
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    )
)


class StoreFailed(Exception):
    """DynamoDB refused, or did not answer within the budget. The rows of the request do without it."""


class DynamoDB(SignedConnection):
    """Reads items of tables."""

    def __init__(self, *, environment: Mapping[str, str] = os.environ) -> None:
        """
        Args:
            environment: that of SignedConnection; AWS_ENDPOINT_URL if DynamoDB is not at its public address.
        """
        address, _ = address_of("dynamodb", f"dynamodb.{environment['AWS_REGION']}.amazonaws.com", environment)
        super().__init__("dynamodb", address, environment=environment, timeout=_TIMEOUT)

    def begin(self) -> None:
        """From now on the budget counts."""
        self.until = time.monotonic() + BUDGET_SECONDS

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """BatchGetItem in DynamoDB's JSON, asked again while what keeps it from answering may pass.

        Raises:
            StoreFailed: it refused, or the budget is spent.
        """
        body = json.dumps(request).encode()
        attempt = 0
        while True:
            try:
                return self._asked(body)
            except _Passing as passing:
                attempt += 1
                self._wait(attempt, str(passing))

    def pause(self, round_: int) -> None:
        """Wait before keys are asked for again that DynamoDB has put off.

        Raises:
            StoreFailed: the budget is spent.
        """
        self._wait(round_, "DynamoDB put keys off")

    def _asked(self, body: bytes) -> dict[str, Any]:
        target = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "DynamoDB_20120810.BatchGetItem",
        }
        try:
            status, _, content = self.exchange("POST", "/", signed=target, unsigned={}, body=body)
        except Unreachable as error:
            raise _Passing(f"DynamoDB did not answer: {error}") from error
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if status == 200 and isinstance(answer, dict):
            return answer
        # com.amazonaws.dynamodb.v20120810#ThrottlingException
        kind = str(answer.get("__type", "")).rpartition("#")[2] if isinstance(answer, dict) else ""
        said = f"DynamoDB answered {status} {kind}".rstrip()
        if status == 200 or status >= 500 or kind in _PASSING:
            raise _Passing(said)
        raise StoreFailed(said)

    def _wait(self, attempt: int, why: str) -> None:
        # Of several functions that were refused at once, each comes back at another moment.
        pause = _FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)
        if time.monotonic() + pause >= self.until:
            raise StoreFailed(f"{why}, {attempt} times within {BUDGET_SECONDS:g} s")
        time.sleep(pause)


class _Passing(Exception):
    """It may go well if it is asked again."""
