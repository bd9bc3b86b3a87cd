"""What the looks at a deployed stack share: where it is, what serves, what was sent, and what was seen on the way."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cli.aws.endpoint import Endpoint
from cli.aws.target import Target
from cli.failures import in_words
from cli.findings import Finding, Status
from evergreen import names
from evergreen.versions.bundle import ServableModel
from evergreen.versions.champion import Champion

# How the codes of a refused permission begin, which each service words in its own way.
_DENIED = ("AccessDenied", "Authorization", "NotAuthorized", "Unauthorized")


@dataclass(frozen=True)
class SentRow:
    """A row that the endpoint has predicted: its features as they must be recorded, and the answer."""

    prediction_id: str
    features: dict[str, Any]
    prediction: Any


@dataclass(frozen=True)
class LogSettings:
    """`[log]` as it is deployed. A stack of an earlier release does not say it: then the defaults are taken."""

    sample: float = 1.0
    leave_out: tuple[str, ...] = ()
    caller: bool = True


@dataclass
class Deployed:
    """
    Attributes:
        wait: seconds for captures to arrive.
        progress: shows what is waited for.
        champion: the pointer in S3; None before the first promotion, or if it cannot be read.
        before: the version that was champion before it; empty if there is none.
        model: the champion's, out of its bundle in S3; None if it could not be loaded.
        lineage: of the champion's bundle.
        answers: whether the endpoint answers at all.
        serves: whether it serves the champion.
        rows: what was predicted, first of all the contract's example.
        lost: how many requests to predict a row have had no answer: such a row may be recorded, by an unknown id.
        last_sent: the time of time.monotonic() at the last request that is recorded.
        labelled: the id of the prediction that was told a truth; empty if none was.
        seen: what AWS has shown of itself on the way, by the point of differences.py that it belongs to.
        contrary: the same, where it was not as documented.
        unseen: the same, where there was nothing to see.
    """

    target: Target
    endpoint: Endpoint
    wait: float
    progress: Callable[[str], None]
    champion: Champion | None = None
    before: str = ""
    model: ServableModel | None = None
    lineage: dict[str, Any] = field(default_factory=dict)
    answers: bool = False
    serves: bool = False
    rows: list[SentRow] = field(default_factory=list)
    lost: int = 0
    last_sent: float = 0.0
    labelled: str = ""
    seen: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    contrary: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unseen: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @cached_property
    def log(self) -> LogSettings:
        given = json.loads(self.target.outputs.get(names.OUTPUT_LOG_SETTINGS, "{}"))
        return LogSettings(**{**given, "leave_out": tuple(given.get("leave_out", ()))})

    @property
    def options(self) -> str:
        """Those that name this stack to another command."""
        return f"-e {self.target.environment}{' --local' if self.target.embedded else ''}"

    @property
    def stack(self) -> str:
        return names.stack_name(self.target.environment)


def could_not_look(stack: Deployed, check: str, error: Exception) -> Finding:
    """A gate must not open on what it has not seen: what could not be looked at has failed."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

    remedy = ""
    if isinstance(error, ClientError) and error.response["Error"]["Code"].startswith(_DENIED):
        remedy = f"attach the policy {stack.stack}-user to who runs this"
    elif isinstance(error, HTTPClientError | ConnectionError):
        remedy = "is the network open to it, and the stack still deployed?"
    return failure(check, f"it could not be looked at: {in_words(error)}", remedy)


def ok(check: str, found: str) -> Finding:
    return Finding(check=check, status=Status.OK, found=found)


def warning(check: str, found: str, remedy: str = "") -> Finding:
    return Finding(check=check, status=Status.WARNING, found=found, remedy=remedy)


def failure(check: str, found: str, remedy: str = "") -> Finding:
    return Finding(check=check, status=Status.FAILED, found=found, remedy=remedy)


def skipped(check: str, found: str, remedy: str = "") -> Finding:
    return Finding(check=check, status=Status.SKIPPED, found=found, remedy=remedy)
