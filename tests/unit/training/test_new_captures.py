"""Which captures a run of the feature workflow looks at."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from training.new_captures import fetch

NOW = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


class FakeS3:
    """Objects with the moment of their arrival, and a clock."""

    def __init__(self):
        self.now = NOW
        self._objects = {}

    def arrive(self, at, key, content="{}"):
        self._objects[f"predictions/{key}"] = (datetime.fromisoformat(at), content)

    def list_objects_v2(self, *, Bucket, Prefix, MaxKeys=1000):  # noqa: ARG002 - boto3's names
        found = [
            {"Key": key, "LastModified": at, "Size": len(content)}
            for key, (at, content) in self._objects.items()
            if key.startswith(Prefix)
        ]
        headers = {"date": format_datetime(self.now, usegmt=True)}
        return {"Contents": found[:MaxKeys], "ResponseMetadata": {"HTTPHeaders": headers}}

    def get_paginator(self, name):
        assert name == "list_objects_v2"
        return self

    def paginate(self, **request):
        return [self.list_objects_v2(**request)]

    def download_file(self, _bucket, key, file):
        Path(file).write_text(self._objects[key][1])


@pytest.fixture
def s3():
    return FakeS3()


def fetched(s3, folder, **options):
    """The contents that a look has brought, and until when it went."""
    folder.mkdir()
    until = fetch(s3, "captures", folder, **options)
    return [file.read_text() for file in sorted(folder.iterdir())], until


def test_each_capture_is_seen_by_one_look_and_by_no_other(s3, tmp_path):
    s3.arrive("2026-03-01T23:59:00Z", "2026/03/01/a.gz", "first")
    s3.arrive("2026-03-02T00:10:00Z", "2026/03/01/b.gz", "of the day before")
    s3.arrive("2026-03-02T00:11:00Z", "2026/03/02/b.gz", "of the same name")
    s3.arrive(NOW.isoformat(), "2026/03/02/c.gz", "of this second")
    contents, until = fetched(s3, tmp_path / "one", since=None)
    assert sorted(contents) == ["first", "of the day before", "of the same name"]

    s3.now = NOW + timedelta(minutes=1)
    contents, later = fetched(s3, tmp_path / "two", since=until)
    assert contents == ["of this second"]
    assert fetched(s3, tmp_path / "three", since=later)[0] == []


def test_nothing_older_than_a_week_is_looked_at(s3, tmp_path):
    s3.arrive("2026-02-23T00:29:00Z", "2026/02/23/a.gz", "old")
    s3.arrive("2026-02-23T00:31:00Z", "2026/02/23/b.gz", "new")

    assert fetched(s3, tmp_path / "one", since=None)[0] == ["new"]
    assert fetched(s3, tmp_path / "two", since=NOW - timedelta(days=30))[0] == ["new"]


def test_of_too_many_the_newest_are_taken(s3, tmp_path):
    for minute in range(3):
        s3.arrive(f"2026-03-02T00:0{minute}:00Z", f"2026/03/02/{minute}.gz", f"{minute}" * 100)

    contents, _ = fetched(s3, tmp_path / "one", since=None, most_bytes=250)

    assert [content[0] for content in contents] == ["2", "1"]
