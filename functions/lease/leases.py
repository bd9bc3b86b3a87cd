"""A lease: the right to be the only running training of a model. It expires, so that nobody has to clean it up."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from evergreen import names
from evergreen.errors import EvergreenError
from functions.conditional_write import put_if_unchanged

# How many writes are tried before acquiring fails. Each failed one means that another writer was faster.
_ATTEMPTS = 5


class TrainingIsRunning(EvergreenError):
    """Another training of the model holds the lease. This one ends before its first job; nothing is changed."""


class ExecutionHasEnded(EvergreenError):
    """The execution was aborted before it got the lease. It can no longer get one: nobody would release it."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """
    Attributes:
        execution: ARN of the execution that holds it, or was the last to end.
        version: that the execution is training; empty if it ended before it had said so.
        since: when the execution started, ISO 8601.
        until: when the lease expires, ISO 8601 with its offset: now or before once it is given back.
    """

    execution: str
    version: str
    since: str
    until: str

    def holds(self, now: datetime) -> bool:
        return datetime.fromisoformat(self.until) > now


class Leases:
    """The lease of one model: an object in S3 that is written by compare and swap."""

    def __init__(self, client: Any, bucket: str, model: str) -> None:
        self._client = client
        self._bucket = bucket
        self._model = model
        self._key = names.lease_key(model)

    def acquire(self, *, execution: str, version: str, since: str, seconds: int) -> Lease:
        """Take the lease, unless another execution holds it. An execution that already holds it keeps it unchanged.

        Args:
            seconds: how long it holds.

        Raises:
            TrainingIsRunning: another execution holds it.
            ExecutionHasEnded: the lease of this execution was given back already.
        """
        for _ in range(_ATTEMPTS):
            now = datetime.now(UTC)
            present, etag = self._read()
            if present and present.execution == execution:
                if present.holds(now):
                    return present
                raise ExecutionHasEnded(f"{execution} has ended: it gets no lease of {self._model} any more")
            if present and present.holds(now):
                raise TrainingIsRunning(self._refusal(present))
            lease = Lease(
                execution=execution,
                version=version,
                since=since,
                until=(now + timedelta(seconds=seconds)).isoformat(timespec="seconds"),
            )
            if self._write(lease, etag):
                return lease
        raise TrainingIsRunning(
            f"other trainings of {self._model} are starting at this moment. Train again in a minute"
        )

    def release(self, *, execution: str) -> bool:
        """Release the lease if the execution holds it; return whether it did. Doing it twice changes nothing.

        It is overwritten by one that is over, so that an execution which is aborted while it asks does not get the
        lease after its end.
        """
        for _ in range(_ATTEMPTS):
            now = datetime.now(UTC)
            present, etag = self._read()
            held = present is not None and present.holds(now)
            mine = present is not None and present.execution == execution
            if held != mine:
                return False  # it is another's, or was given back already
            moment = now.isoformat(timespec="seconds")
            ended = Lease(execution=execution, version="", since=moment, until=moment)
            if self._write(replace(present, until=moment) if present and mine else ended, etag):
                return mine
        return False

    def _refusal(self, holder: Lease) -> str:
        return (
            f"another training of {self._model} is running: version {holder.version}, execution {holder.execution}, "
            f"since {_to_the_minute(holder.since)}. Its lease holds until {_to_the_minute(holder.until)}. Wait for it "
            f"to end, or stop it with: aws stepfunctions stop-execution --execution-arn {holder.execution}, then "
            f"train again. If no such execution is running, delete s3://{self._bucket}/{self._key}"
        )

    def _read(self) -> tuple[Lease | None, str]:
        """The lease and its ETag; None and nothing before the first. One that cannot be read holds nothing."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
        except self._client.exceptions.NoSuchKey:
            return None, ""
        return _readable(answer["Body"].read()), answer["ETag"]

    def _write(self, lease: Lease, etag: str) -> bool:
        """Write the lease unless another has been written since the ETag was read; return whether it was written."""
        body = json.dumps(asdict(lease), indent=1).encode()
        return put_if_unchanged(self._client, bucket=self._bucket, key=self._key, body=body, etag=etag or None)


def _to_the_minute(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _readable(document: bytes) -> Lease | None:
    try:
        lease = Lease(**json.loads(document))
        # What is no moment, or has no offset, cannot be held against the time.
        lease.holds(datetime.now(UTC))
        datetime.fromisoformat(lease.since)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return lease if isinstance(lease.execution, str) and isinstance(lease.version, str) else None
