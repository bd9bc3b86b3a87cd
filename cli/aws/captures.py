"""Takes predictions out of a stack's captures: their records, their labels, and what Firehose could not deliver."""

import base64
import gzip
import io
import json
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from cli.aws.target import Target
from evergreen import names
from evergreen.captures.records import ROWS_OF, Faults, read_records
from evergreen.errors import CommandFailed
from evergreen.prediction_id import predicted_at

# A record reaches S3 minutes after its prediction. It is looked for up to this much later.
_LATEST = timedelta(days=2)
# How far the clock of the function may be ahead of that of S3.
_CLOCKS = timedelta(hours=1)
_GZIP = b"\x1f\x8b"


class _NotRewritten(Exception):
    """An object stays as it is; the message says which and why."""


class _Changed(_NotRewritten):
    """Because somebody else rewrote it meanwhile: the same can be done again."""


@dataclass
class Forgotten:
    """
    Attributes:
        keys: of the objects that were rewritten.
        predictions, labels: the ids whose records, or whose labels, were in them.
        changed: sentences on the objects that were rewritten by somebody else meanwhile: do the same again.
        unreadable: sentences on the objects that may hold more, and cannot be read.
    """

    keys: list[str] = field(default_factory=list)
    predictions: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    changed: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def note(self, key: str, ids: set[str], remove: Callable[[], set[str]]) -> None:
        """Run what rewrites an object, and add what it has removed to `ids`."""
        try:
            removed = remove()
        except _Changed as problem:
            self.changed.append(str(problem))
        except _NotRewritten as problem:
            self.unreadable.append(str(problem))
        else:
            ids |= removed
            self.keys += [key] if removed else []


def forget_predictions(target: Target, prediction_ids: Collection[str], progress: Callable[[str], None]) -> Forgotten:
    """Take predictions and their labels out of all captures, in one pass over the objects that may hold them.

    An object that stays as it is keeps no other from being rewritten.

    Raises:
        CommandFailed: one is not the id of an answer. Nothing was removed.
    """
    moments = {id_: predicted_at(id_) for id_ in prediction_ids}
    for id_, moment in moments.items():
        if moment is None:
            raise CommandFailed(f"{id_!r} is not the prediction_id of an answer")
    predicted = sorted(moment for moment in moments.values() if moment)
    s3, bucket = target.client("s3"), target.outputs[names.OUTPUT_CAPTURE_BUCKET]
    done, ids, now = Forgotten(), set(prediction_ids), datetime.now(UTC)
    if not ids:
        return done
    # A label may arrive at any later time.
    for prefix, found, last in (
        (names.PREDICTIONS_PREFIX, done.predictions, min(predicted[-1] + _LATEST, now)),
        (names.FEEDBACK_PREFIX, done.labels, now),
    ):
        for key in _keys(s3, bucket, prefix, predicted[0], last):
            progress(key)
            done.note(key, found, partial(_remove, s3, bucket, key, ids, ROWS_OF[prefix]))
    for key in _undelivered(s3, bucket, predicted[0]):
        progress(key)
        done.note(key, done.predictions, partial(_remove_undelivered, s3, bucket, key, ids))
    return done


def _keys(s3: Any, bucket: str, prefix: str, first: datetime, last: datetime) -> Iterator[str]:
    """What arrived from the day of `first` to that of `last`, and was not written before `first`."""
    day = first.date()
    while day <= last.date():
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}{day:%Y/%m/%d}/"):
            yield from (item["Key"] for item in page.get("Contents", []) if item["LastModified"] >= first - _CLOCKS)
        day += timedelta(days=1)


def _undelivered(s3: Any, bucket: str, first: datetime) -> Iterator[str]:
    """What Firehose could not unpack, written since a moment: next to nothing, by kind and error before the day."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=names.UNDELIVERED_PREFIX):
        yield from (item["Key"] for item in page.get("Contents", []) if item["LastModified"] >= first - _CLOCKS)


def _remove_undelivered(s3: Any, bucket: str, key: str, ids: set[str]) -> set[str]:
    """Take out the records that hold one of the predictions. They go whole, since no check reads what stands beside it.

    Firehose writes a line of JSON for each, with what it got as `rawData` in Base64: a gzipped envelope of log lines.

    Raises:
        _NotRewritten: a line cannot be read, or the object changed meanwhile.
    """
    found = s3.get_object(Bucket=bucket, Key=key)
    content = found["Body"].read()
    try:
        lines = _plain(content).splitlines(keepends=True)
        held = [{id_ for id_ in ids if id_.encode() in raw} for raw in map(_raw_data, lines)]
    except (ValueError, KeyError, TypeError, EOFError, OSError, zlib.error) as error:
        raise _NotRewritten(f"{key} cannot be read: {error}. Nothing was removed from it") from error
    removed = set[str]().union(*held)
    if removed:
        kept = b"".join(line for line, of_ours in zip(lines, held, strict=True) if not of_ours)
        _replace(s3, bucket, key, found, _like(content, kept))
    return removed


def _raw_data(line: bytes) -> bytes:
    """What Firehose got, and could not deliver."""
    return _plain(base64.b64decode(json.loads(line)["rawData"], validate=True)) if line.strip() else b""


def _plain(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(_GZIP) else content


def _like(old: bytes, new: bytes) -> bytes:
    """New content, gzipped if the old one is."""
    return gzip.compress(new) if old.startswith(_GZIP) else new


def _remove(s3: Any, bucket: str, key: str, ids: set[str], rows: str) -> set[str]:
    """Rewrite an object without those of the predictions that it holds; the bucket keeps no old version.

    Raises:
        _NotRewritten: the object cannot be read whole, or changed meanwhile.
    """
    found = s3.get_object(Bucket=bucket, Key=key)
    content, faults = found["Body"].read(), Faults()
    try:
        records = list(read_records(content, key, faults))
    except (EOFError, OSError, zlib.error) as error:
        raise _NotRewritten(f"{key} cannot be read: {error}. Nothing was removed from it") from error
    removed = ids & {row["prediction_id"] for record in records for row in record[rows]}
    if not removed:
        return removed
    if faults.count:
        raise _NotRewritten(f"{faults.described[0]}. Nothing was removed from {key}, which holds the prediction")
    kept = [
        {**record, rows: left}
        for record in records
        if (left := [row for row in record[rows] if row["prediction_id"] not in ids])
    ]
    _replace(s3, bucket, key, found, _written(kept, like=content))
    return removed


def _replace(s3: Any, bucket: str, key: str, found: dict[str, Any], content: bytes) -> None:
    """
    Raises:
        _Changed: the object is not the one that was found any more.
    """
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=content, IfMatch=found["ETag"])
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
            raise
        raise _Changed(f"{key} changed meanwhile; nothing was removed from it. Run the command again") from error


def _written(records: list[dict[str, Any]], *, like: bytes) -> bytes:
    """Records in the format of the object `like`: Parquet, or JSON lines, gzipped or not."""
    if like.startswith(b"PAR1"):
        # Not at the top: only captures in Parquet need it, and the stack's Firehose writes JSON lines.
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.Table.from_pylist(records, schema=pyarrow.parquet.read_schema(io.BytesIO(like)))
        output = io.BytesIO()
        pyarrow.parquet.write_table(table, output)
        return output.getvalue()
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    return _like(like, lines)
