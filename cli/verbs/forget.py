"""evergreen forget: take a prediction's record out of the captures."""

import base64
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from cli.aws.target import EnvironmentName, Local, Target
from cli.console import Steps, console
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.prediction_id import predicted_at
from functions.check_drift.capture_files import ROWS_OF, Faults, read_records

# A record reaches S3 minutes after its prediction. It is looked for up to this much later.
_LATEST = timedelta(days=2)
# How far the clock of the function may be ahead of that of S3.
_CLOCKS = timedelta(hours=1)
_GZIP = b"\x1f\x8b"


def forget(
    prediction_id: Annotated[str, typer.Argument(help="The prediction_id of an answer.")],
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Remove a prediction, its features and its label from what has been captured.

    Results and reports of drift checks stay: they hold numbers of rows, and no category of fewer than ten rows.
    """
    target = Target.choose(environment, local=local)
    with Steps().step(f"Look for {prediction_id}") as step:
        changed = forget_prediction(target, prediction_id, step.progress)
    if not changed:
        raise CommandFailed(f"no captured record has {prediction_id}; it may have expired, or was never recorded")
    for key in changed:
        console.print(f"  Removed from {key}", markup=False, soft_wrap=True)
    console.print(
        "  Its line in the predict function's log stays until the log expires: see request_log_days in "
        "infra/environments.py. Reports of drift checks keep counts, and no category of fewer than ten rows.",
        markup=False,
        soft_wrap=True,
    )


def forget_prediction(target: Target, prediction_id: str, progress: Any) -> list[str]:
    """The keys of the objects that it was removed from.

    Raises:
        CommandFailed: it is not the id of an answer, or an object cannot be read, or changed meanwhile.
    """
    predicted = predicted_at(prediction_id)
    if predicted is None:
        raise CommandFailed(f"{prediction_id!r} is not the prediction_id of an answer")
    s3, bucket = target.client("s3"), target.outputs[names.OUTPUT_CAPTURE_BUCKET]
    changed = []
    # A label may arrive at any later time.
    for prefix, last in (
        (names.PREDICTIONS_PREFIX, min(predicted + _LATEST, datetime.now(UTC))),
        (names.FEEDBACK_PREFIX, datetime.now(UTC)),
    ):
        for key in _keys(s3, bucket, prefix, predicted, last):
            progress(key)
            if _remove(s3, bucket, key, prediction_id, ROWS_OF[prefix]):
                changed.append(key)
    for key in _undelivered(s3, bucket, predicted):
        progress(key)
        if _remove_undelivered(s3, bucket, key, prediction_id):
            changed.append(key)
    return changed


def _keys(s3: Any, bucket: str, prefix: str, first: datetime, last: datetime) -> Iterator[str]:
    day = first.date()
    while day <= last.date():
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}{day:%Y/%m/%d}/"):
            yield from (item["Key"] for item in page.get("Contents", []))
        day += timedelta(days=1)


def _undelivered(s3: Any, bucket: str, first: datetime) -> Iterator[str]:
    """What Firehose could not unpack, written since a moment: next to nothing, by kind and error before the day."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=names.UNDELIVERED_PREFIX):
        yield from (item["Key"] for item in page.get("Contents", []) if item["LastModified"] >= first - _CLOCKS)


def _remove_undelivered(s3: Any, bucket: str, key: str, prediction_id: str) -> bool:
    """Take out the records that hold a prediction. They go whole, since no check reads what stands beside it.

    Firehose writes a line of JSON for each, with what it got as `rawData` in Base64: a gzipped envelope of log lines.

    Raises:
        CommandFailed: a line cannot be read, or the object changed meanwhile. It stays as it was.
    """
    found = s3.get_object(Bucket=bucket, Key=key)
    content = found["Body"].read()
    try:
        lines = _plain(content).splitlines(keepends=True)
        kept = [line for line in lines if prediction_id.encode() not in _raw_data(line)]
    except (ValueError, KeyError, TypeError, EOFError, OSError, zlib.error) as error:
        raise CommandFailed(f"{key} cannot be read: {error}. Nothing was removed from it") from error
    if len(kept) == len(lines):
        return False
    _replace(s3, bucket, key, found, _like(content, b"".join(kept)))
    return True


def _raw_data(line: bytes) -> bytes:
    """What Firehose got, and could not deliver."""
    return _plain(base64.b64decode(json.loads(line)["rawData"], validate=True)) if line.strip() else b""


def _plain(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(_GZIP) else content


def _like(old: bytes, new: bytes) -> bytes:
    """New content, gzipped if the old one is."""
    return gzip.compress(new) if old.startswith(_GZIP) else new


def _remove(s3: Any, bucket: str, key: str, prediction_id: str, rows: str) -> bool:
    """Rewrite an object without a prediction, if it holds it; the bucket keeps no old version.

    Raises:
        CommandFailed: the object cannot be read whole, or changed meanwhile. It stays as it was.
    """
    found = s3.get_object(Bucket=bucket, Key=key)
    content, faults = found["Body"].read(), Faults()
    try:
        records = list(read_records(content, key, faults))
    except (EOFError, OSError, zlib.error) as error:
        raise CommandFailed(f"{key} cannot be read: {error}. Nothing was removed from it") from error
    if not any(row["prediction_id"] == prediction_id for record in records for row in record[rows]):
        return False
    if faults.count:
        raise CommandFailed(f"{faults.described[0]}. Nothing was removed from {key}, which holds the prediction")
    kept = [
        {**record, rows: left}
        for record in records
        if (left := [row for row in record[rows] if row["prediction_id"] != prediction_id])
    ]
    _replace(s3, bucket, key, found, _written(kept, like=content))
    return True


def _replace(s3: Any, bucket: str, key: str, found: dict[str, Any], content: bytes) -> None:
    """
    Raises:
        CommandFailed: the object is not the one that was found any more.
    """
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=content, IfMatch=found["ETag"])
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
            raise
        raise CommandFailed(f"{key} changed meanwhile; nothing was removed from it. Run the command again") from error


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
