"""Empties and deletes a bucket: every version, every delete marker, and the parts of uploads that nobody has finished.

Memory does not grow with the bucket: a page of the listing is one request to delete, and few of them wait.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from evergreen.errors import CommandFailed

# Requests under way at once. S3 takes 3,500 requests a second for a prefix, and counts each key of these.
REQUESTS = 8
# Of errors of single keys that pass: how often these keys are sent again, and the first pause in seconds.
_ATTEMPTS, _PAUSE = 6, 0.2
_PASSING = {"InternalError", "ServiceUnavailable", "SlowDown", "OperationAborted"}
# How often a bucket is emptied that something has written into meanwhile.
_PASSES = 5

Progress = Callable[[str], None]


@dataclass
class Emptied:
    """What has been removed from a bucket.

    Attributes:
        versions: of objects, delete markers included.
        uploads: that had not been finished.
    """

    versions: int = 0
    uploads: int = 0
    seconds: float = 0.0

    @property
    def words(self) -> str:
        rate = f", {self.versions / self.seconds:,.0f} a second" if self.versions and self.seconds >= 1 else ""
        uploads = f", {self.uploads:,} unfinished uploads" if self.uploads else ""
        return f"{self.versions:,} object versions{uploads}{rate}"


def delete_bucket(s3: Any, bucket: str, progress: Progress) -> Emptied:
    """Empty a bucket and delete it. A bucket that is gone already counts as deleted.

    Args:
        s3: a client that keeps REQUESTS connections.

    Raises:
        CommandFailed: S3 keeps an object, or something goes on writing. What is deleted stays deleted: a second call
            goes on from there.
    """
    emptied, started = Emptied(), time.monotonic()

    def say() -> None:
        emptied.seconds = time.monotonic() - started
        progress(emptied.words)

    for _ in range(_PASSES):
        try:
            _delete_versions(s3, bucket, emptied, say)
            _abort_uploads(s3, bucket, emptied)
            s3.delete_bucket(Bucket=bucket)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "BucketNotEmpty":
                continue
            if code != "NoSuchBucket":
                raise
        emptied.seconds = time.monotonic() - started
        return emptied
    raise CommandFailed(
        f"something goes on writing into {bucket}: after {_PASSES} times it is still not empty. Stop what writes, and "
        "run the command again"
    )


def _delete_versions(s3: Any, bucket: str, emptied: Emptied, say: Callable[[], None]) -> None:
    pool = ThreadPoolExecutor(REQUESTS)
    waiting: set[Future[int]] = set()
    try:
        for batch in _batches(s3, bucket):
            waiting.add(pool.submit(_delete_batch, s3, bucket, batch))
            if len(waiting) >= 2 * REQUESTS:
                waiting = _settle(waiting, emptied)
                say()
        while waiting:
            waiting = _settle(waiting, emptied)
            say()
    finally:
        pool.shutdown(cancel_futures=True)


def _settle(waiting: set[Future[int]], emptied: Emptied) -> set[Future[int]]:
    """Wait for one request at least; returns those that are still under way."""
    done, left = wait(waiting, return_when=FIRST_COMPLETED)
    for request in done:
        emptied.versions += request.result()
    return left


def _batches(s3: Any, bucket: str) -> Iterator[list[dict[str, str]]]:
    """Keys with version ids, by the thousand, which is as many as one request may delete."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if found:
            yield [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]


def _delete_batch(s3: Any, bucket: str, batch: list[dict[str, str]]) -> int:
    """How many were deleted: all.

    Raises:
        CommandFailed: S3 does not delete one of them.
    """
    left = batch
    for attempt in range(_ATTEMPTS):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": left, "Quiet": True})
        faults = answer.get("Errors", [])
        final = [fault for fault in faults if fault["Code"] not in _PASSING]
        if final:
            raise CommandFailed(_refused(bucket, final))
        if not faults:
            return len(batch)
        left = [{"Key": fault["Key"], "VersionId": fault["VersionId"]} for fault in faults]
        time.sleep(_PAUSE * 2**attempt)
    raise CommandFailed(_refused(bucket, faults))


def _refused(bucket: str, faults: list[dict[str, Any]]) -> str:
    first = faults[0]
    others = f", and {len(faults) - 1} others of the same request" if len(faults) > 1 else ""
    remedy = (
        "You need s3:DeleteObjectVersion on the bucket, and no bucket policy or lock may keep the object"
        if first["Code"] == "AccessDenied"
        else "S3 may answer better in some minutes"
    )
    said = f"{first['Code']}: {first.get('Message', '')}".rstrip(": ")
    return f"S3 keeps s3://{bucket}/{first['Key']}{others}: {said}. {remedy}. Then run the command again; it goes on"


def _abort_uploads(s3: Any, bucket: str, emptied: Emptied) -> None:
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            try:
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchUpload":
                    raise
            emptied.uploads += 1


@dataclass(frozen=True)
class Contents:
    """What a bucket holds, old versions included.

    Attributes:
        size: in bytes.
        is_all: False if there is more than was counted.
    """

    versions: int
    size: int
    is_all: bool

    @property
    def words(self) -> str:
        more = "" if self.is_all else "more than "
        return f"{more}{self.versions:,} object versions, {more}{in_bytes(self.size)}"


def contents(s3: Any, bucket: str, *, pages: int = 20) -> Contents:
    """Count what a bucket holds, by no more than so many requests, of a thousand versions each."""
    versions = size = 0
    for number, page in enumerate(s3.get_paginator("list_object_versions").paginate(Bucket=bucket), start=1):
        versions += len(page.get("Versions", [])) + len(page.get("DeleteMarkers", []))
        size += sum(item["Size"] for item in page.get("Versions", []))
        if number == pages and page.get("IsTruncated"):
            return Contents(versions, size, is_all=False)
    return Contents(versions, size, is_all=True)


def in_bytes(size: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:,.3g} {unit}" if size < 100 else f"{size:,.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"
