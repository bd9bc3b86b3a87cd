"""The way of a prediction and a label into the capture bucket."""

import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.findings import Finding
from cli.smoke.deployed import Deployed, SentRow, failure, ok, skipped, warning
from cli.smoke.differences import ENCRYPTION, ROLES
from evergreen import names
from evergreen.captures.records import ROWS_OF, Faults, read_records
from evergreen.number_text import counted
from evergreen.quoting import quoted

# Firehose delivers a minute after the first record of an object, and the log's subscription takes some seconds.
ON_AWS = 240.0
EMBEDDED = 30.0
_POLL, _EMBEDDED_POLL = 5.0, 0.2
_LATE = (
    "the alarms on capture tell more, and so does the log group of the construct Capture, in which Firehose writes why "
    "it could not deliver; what it could not unpack is under undelivered/ in the capture bucket"
)


@dataclass
class Arrivals:
    """What has come into the capture bucket since this was made: a record by its id, whichever copy of it came first.

    No clocks are compared: an object that is there already holds nothing of what is sent later.
    """

    stack: Deployed
    _read: dict[str, set[str]] = field(default_factory=dict)
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._s3 = self.stack.target.client("s3")
        self._bucket = self.stack.target.outputs[names.OUTPUT_CAPTURE_BUCKET]
        self._since = datetime.now(UTC)
        for prefix in ROWS_OF:
            self._read[prefix], self.records[prefix] = set(self._keys(prefix)), {}

    def look(self, prefix: str) -> dict[str, dict[str, Any]]:
        """What has come under a prefix: by prediction id, the row or label with the `caller` of its record."""
        for key in self._keys(prefix):
            if key in self._read[prefix]:
                continue
            self._read[prefix].add(key)
            found = self._s3.get_object(Bucket=self._bucket, Key=key)
            try:
                records = list(read_records(found["Body"].read(), key, Faults()))
            except (EOFError, OSError, zlib.error):
                continue  # the stack's own check tells of it; what was sent is missed if it was in there
            for record in records:
                for row in record.get(ROWS_OF[prefix], []):
                    seen = {**row, "caller": record.get("caller", ""), "object": found}
                    self.records[prefix].setdefault(row["prediction_id"], seen)
        return self.records[prefix]

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2")
        # A day's clock may differ from here to S3.
        day, last = self._since.date() - timedelta(days=1), datetime.now(UTC).date() + timedelta(days=1)
        while day <= last:
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"{prefix}{day:%Y/%m/%d}/"):
                yield from (item["Key"] for item in page.get("Contents", []))
            day += timedelta(days=1)


def look_at_captures(stack: Deployed, arrivals: Arrivals) -> Iterator[Finding]:
    """The rows and the label that were sent arrive, as they were sent."""
    if not stack.rows:
        yield skipped("captures", "nothing was predicted")
        return
    if stack.log.sample > 0:
        yield from _predictions(stack, arrivals)
    else:
        yield warning("predictions captured", "[log] sample is 0: none is recorded, and so no drift is ever checked")
    if stack.labelled:
        came = _await(stack, lambda: stack.labelled in arrivals.look(names.FEEDBACK_PREFIX), "the label")
        label = arrivals.records[names.FEEDBACK_PREFIX].get(stack.labelled, {})
        if came is None:
            yield failure("label captured", f"it has not come within {stack.wait:.0f} s", _LATE)
        elif label["actual"] != stack.rows[0].prediction:
            yield failure("label captured", f"it came as {label['actual']!r}, sent was {stack.rows[0].prediction!r}")
        else:
            yield ok("label captured", f"as sent, {came:.0f} s later")


def _predictions(stack: Deployed, arrivals: Arrivals) -> Iterator[Finding]:
    sent = {row.prediction_id: row for row in stack.rows}
    all_of_them = stack.log.sample >= 1

    def has_come() -> bool:
        found = arrivals.look(names.PREDICTIONS_PREFIX).keys() & sent.keys()
        return found == sent.keys() if all_of_them else bool(found)

    came = _await(stack, has_come, counted(len(sent), "prediction"))
    found = {id_: row for id_, row in arrivals.records[names.PREDICTIONS_PREFIX].items() if id_ in sent}
    if came is None and not all_of_them:
        yield warning(
            "predictions captured",
            f"none of {len(sent)} has come within {stack.wait:.0f} s; [log] sample = {stack.log.sample:g} may be why",
        )
        return
    if came is None:
        yield failure("predictions captured", f"{len(found)} of {len(sent)} have come within {stack.wait:.0f} s", _LATE)
        return
    wrong = [id_ for id_, row in found.items() if not _as_sent(row, sent[id_])]
    if wrong:
        row, expected = found[wrong[0]], sent[wrong[0]]
        said = f"{quoted(str(row['features']))}, sent were {quoted(str(expected.features))}"
        yield failure("predictions captured", f"{len(wrong)} of {len(found)} differ from what was sent: {said}")
        return
    _see(stack, found.values())
    yield ok(
        "predictions captured",
        f"{len(found)} of {len(sent)} as sent, {came:.0f} s later{_settings(stack, found)}",
    )


def _as_sent(row: dict[str, Any], sent: SentRow) -> bool:
    return bool(row["features"] == sent.features and row["prediction"] == sent.prediction)


def _settings(stack: Deployed, found: dict[str, dict[str, Any]]) -> str:
    """What `[log]` has changed."""
    log, said = stack.log, []
    if log.sample < 1:
        said.append(f"sample = {log.sample:g}: of the requests only that share is recorded")
    if log.leave_out:
        said.append(f"leave_out: without {', '.join(log.leave_out)}, of which no drift is seen")
    if not log.caller:
        said.append("caller = false: without who called")
    elif not all(row["caller"] for row in found.values()):
        said.append("caller = true, but the gateway has named none")
    return f"; [log] {'; '.join(said)}" if said else ""


def _see(stack: Deployed, rows: Any) -> None:
    stack.seen[ROLES].append("the log subscription and Firehose have delivered: records came")
    found = next(iter(rows))["object"]
    if expires := found.get("Expiration"):
        stack.seen[ENCRYPTION].append(f"S3 will delete captures ({expires})")
    else:
        stack.contrary[ENCRYPTION].append("S3 names no date at which a capture expires")
    if not found.get("ServerSideEncryption"):
        stack.contrary[ENCRYPTION].append("S3 names no encryption of a capture")


def _await(stack: Deployed, has_come: Callable[[], bool], what: str) -> float | None:
    """Seconds from the last request until it had come; None if it did not in time."""
    poll = _EMBEDDED_POLL if stack.target.embedded else _POLL
    while not has_come():
        waited = time.monotonic() - stack.last_sent
        if waited > stack.wait:
            return None
        stack.progress(f"{what} on the way to S3: {waited:.0f} s of {stack.wait:.0f} s")
        time.sleep(poll)
    return time.monotonic() - stack.last_sent
