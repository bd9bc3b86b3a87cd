"""The captured records of predictions that have arrived since an earlier look."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from evergreen import names

# How far back a look goes, whenever the one before it was; and how many bytes it takes, of the newest.
LONGEST = timedelta(days=7)
MOST_BYTES = 1_000_000_000


def fetch(s3: Any, bucket: str, folder: Path, *, since: datetime | None, most_bytes: int = MOST_BYTES) -> datetime:
    """Download what has arrived since then; returns until when, by the clock of S3. What arrives later, or in that very
    second, is for the next look, so that each record is seen once.

    Args:
        since: what the look before has returned; None if there was none.
    """
    until = _clock(s3, bucket)
    first = max(since or until - LONGEST, until - LONGEST)
    found = [each for each in _arrived(s3, bucket, first, until) if first <= each["LastModified"] < until]
    left = most_bytes
    for number, each in enumerate(sorted(found, key=lambda each: each["LastModified"], reverse=True)):
        left -= each["Size"]
        if left < 0:
            break
        # Two days may have files of one name.
        s3.download_file(bucket, each["Key"], str(folder / f"{number:06}-{each['Key'].rpartition('/')[2]}"))
    return until


def _clock(s3: Any, bucket: str) -> datetime:
    """Now, in whole seconds as S3 has them of its objects."""
    answer = s3.list_objects_v2(Bucket=bucket, Prefix=names.PREDICTIONS_PREFIX, MaxKeys=1)
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(said) if said else datetime.now(UTC).replace(microsecond=0)


def _arrived(s3: Any, bucket: str, first: datetime, last: datetime) -> Iterator[dict[str, Any]]:
    """What lies in the folders of those days. Firehose names a folder by when it began to gather what is in it."""
    day = first.astimezone(UTC).date() - timedelta(days=1)
    while day <= last.astimezone(UTC).date():
        prefix = f"{names.PREDICTIONS_PREFIX}{day:%Y/%m/%d}/"
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get("Contents", [])
        day += timedelta(days=1)
