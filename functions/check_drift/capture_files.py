"""Reads the capture bucket. The readable part of a broken object is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from evergreen.captures.records import Faults, read_sound_records


@dataclass(frozen=True)
class CaptureObject:
    """An object of the capture bucket, when it was written, and its size in bytes."""

    key: str
    written: datetime
    size: int


class CaptureFiles:
    """The capture bucket: a folder per kind of record and day of arrival."""

    def __init__(self, client: Any, bucket: str, faults: Faults) -> None:
        self._client = client
        self._bucket = bucket
        self.faults = faults

    def objects(self, prefix: str, first: datetime, last: datetime) -> Iterator[CaptureObject]:
        """What arrived from the day of `first` to that of `last`, in UTC, in order."""
        day = first.date()
        while day <= last.date():
            yield from self.all_objects(f"{prefix}{day:%Y/%m/%d}/")
            day += timedelta(days=1)

    def all_objects(self, prefix: str) -> Iterator[CaptureObject]:
        """Whatever is under a prefix, in order."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                yield CaptureObject(item["Key"], item["LastModified"], item["Size"])

    def records(self, capture: CaptureObject) -> Iterator[dict[str, Any]]:
        """The records of an object."""
        content = self._client.get_object(Bucket=self._bucket, Key=capture.key)["Body"].read()
        yield from read_sound_records(content, capture.key, self.faults)
