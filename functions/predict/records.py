"""The record of a request: structured log lines. A prediction leaves no other trace.

What a caller wrote is recorded only as the value of a feature that the contract knows and `[log]` does not leave out.
"""

import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evergreen import names
from evergreen.errors import FieldError

# Of the rows in one line, in bytes: an event of CloudWatch Logs had 256 KB until 2025, and has 1 MB since.
MAX_LINE_BYTES = 200_000


@dataclass(frozen=True)
class LogPolicy:
    """`sample` is the share of requests that are recorded, `leave_out` the features and join keys that never are;
    `caller` is whether it is recorded who called.
    """

    sample: float
    leave_out: frozenset[str]
    caller: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "LogPolicy":
        leave_out = json.loads(environment.get(names.LOG_LEAVE_OUT, "[]"))
        return cls(
            sample=float(environment.get(names.LOG_SAMPLE, "1")),
            leave_out=frozenset(leave_out),
            caller=environment.get(names.LOG_CALLER, "true") == "true",
        )

    def applies(self) -> bool:
        """Whether this request is among the recorded ones."""
        return random.random() < self.sample

    def who(self, event: Mapping[str, Any]) -> dict[str, str]:
        """The caller, as the gateway knows it: the ARN of the IAM user or role, or the subject of a token.

        Of a role's session, it is the role's ARN without its path, which the session's does not tell.
        """
        if not self.caller:
            return {}
        authorizer = event.get("requestContext", {}).get("authorizer", {})
        arn, token = authorizer.get("iam", {}).get("userArn"), authorizer.get("jwt", {}).get("claims", {}).get("sub")
        if arn and ":assumed-role/" in arn:
            _, partition, _, _, account, session = arn.split(":", 5)
            arn = f"arn:{partition}:iam::{account}:role/{session.split('/')[1]}"
        return {"caller": arn or token} if arn or token else {}

    def errors(self, errors: Sequence[FieldError]) -> list[dict[str, str]]:
        """The wrong fields of a rejected request: where they are by our own names, and what came instead."""
        return [
            {
                "field": error.place,
                "got": error.got if error.feature and error.feature not in self.leave_out else error.kind,
                "expected": error.expected,
            }
            for error in errors
        ]

    def lines(self, rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
        """The rows without the features and join keys left out, in parts that fit into a line each."""
        part: list[dict[str, Any]] = []
        size = 0
        for row in rows:
            kept = {**row, "features": self._kept(row["features"])}
            if stored := row.get("stored"):
                kept["stored"] = {
                    view: {**traces, "entities": self._kept(traces["entities"])} for view, traces in stored.items()
                }
            length = len(json.dumps(kept))
            if part and size + length > MAX_LINE_BYTES:
                yield part
                part, size = [], 0
            part.append(kept)
            size += length
        yield part

    def _kept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name not in self.leave_out}
