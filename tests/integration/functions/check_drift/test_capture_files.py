"""Capture objects of every form that is delivered, and what is kept of broken ones."""

import gzip
import json
import random
import zlib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergreen.captures.records import Faults, read_records
from functions.check_drift.capture_files import CaptureFiles
from tests.integration.functions.check_drift.checking import BUCKET, NOON, houses, lines, parquet, records, rows_of

RECORDS = records(rows_of(houses(200, seed=1)), each=5)


def read(content: bytes) -> tuple[list[dict], Faults]:
    faults = Faults()
    return list(read_records(content, "object", faults)), faults


FORMS = {
    "lines": lines(RECORDS),
    "lines, the last without its end": lines(RECORDS).rstrip(),
    "lines of another system": lines(RECORDS).replace(b"\n", b"\r\n"),
    "with empty lines": lines(RECORDS).replace(b"\n", b"\n\n \n"),
    "gzip": gzip.compress(lines(RECORDS)),
    "several gzip members": b"".join(gzip.compress(lines([document])) for document in RECORDS),
    "without breaks": lines(RECORDS).replace(b"\n", b""),
    "with blanks for breaks": b"  " + lines(RECORDS).replace(b"\n", b" \t "),
    "gzip without breaks": gzip.compress(lines(RECORDS).replace(b"\n", b"")),
    "parquet": parquet(RECORDS),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_records(form):
    found, faults = read(FORMS[form])

    assert found == RECORDS
    assert faults == Faults()


CONTROL = b"CWL CONTROL MESSAGE: Checking health of destination Firehose."
ENVELOPE = json.dumps({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": CONTROL.decode()}]}).encode()


@pytest.mark.parametrize("control", [CONTROL, ENVELOPE])
@pytest.mark.parametrize("form", ["{control}", "{control}\n{lines}", "{lines}{control}\n", "{control}{lines}"])
def test_what_cloudwatch_logs_itself_sends_is_neither_a_record_nor_a_fault(control, form):
    whole = form.format(control=control.decode(), lines=lines(RECORDS).decode()).encode()

    for content in (whole, gzip.compress(whole)):
        assert read(content) == (RECORDS if "{lines}" in form else [], Faults())


def test_a_record_that_quotes_such_a_message_stays_as_it_is():
    document = {**RECORDS[0], "note": CONTROL.decode()}

    assert read(lines([document])) == ([document], Faults())


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_object_holds_nothing_and_is_not_broken(content):
    assert read(content) == ([], Faults())


def test_of_a_truncated_gzip_object_every_whole_line_is_kept(s3, captures):
    whole = gzip.compress(lines(RECORDS))
    cut = whole[: len(whole) // 2]
    key = captures.put(cut)
    files = CaptureFiles(s3, BUCKET, Faults())

    (found,) = files.objects("predictions/", NOON, NOON)
    kept = list(files.records(found))

    readable = zlib.decompressobj(wbits=31).decompress(cut).count(b"\n")
    assert 0 < readable < len(RECORDS)
    # The decompressor may hold back its last bytes.
    assert readable - 1 <= len(kept) <= readable
    assert kept == RECORDS[: len(kept)]
    assert files.faults.count == 1
    assert files.faults.described[0].startswith(f"{key} is broken gzip: ")


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(lines(RECORDS))[:5],
        gzip.compress(lines(RECORDS))[:-4],
        gzip.compress(lines(RECORDS)) + b"something else",
        gzip.compress(lines(RECORDS)).replace(b"\x00\x03", b"\x07\x03", 1)[:40] + b"\xff" * 40,
    ],
    ids=["in its header", "in its checksum", "with a tail", "with bytes changed"],
)
def test_a_broken_gzip_object_is_one_fault(s3, captures, content):
    captures.put(content)
    files = CaptureFiles(s3, BUCKET, Faults())

    kept = [record for found in files.objects("predictions/", NOON, NOON) for record in files.records(found)]

    assert kept == RECORDS[: len(kept)]
    assert files.faults.count == 1


@pytest.mark.parametrize(
    "wrong",
    [
        b"{",
        b'{"message": "pred',
        b'{"message": "\xff"}',
        b"[1, 2]",
        b"3",
        b"null",
        b'"predict"',
        b"NaN?",
        b"[" * 100_000,
        b'{"a": 1' + b"0" * 5000 + b"}",
    ],
)
def test_a_line_that_is_no_record_costs_itself_alone(wrong):
    content = lines(RECORDS[:2]) + wrong + b"\n" + lines(RECORDS[2:3])

    found, faults = read(content)

    assert found == RECORDS[:3]
    assert faults.count == 1
    assert faults.described[0].startswith("object line 3 is not JSON: ")


def test_a_record_before_one_that_was_cut_on_the_same_line_is_kept():
    found, faults = read(lines(RECORDS[:1]).rstrip() + b'{"message": "pre')

    assert found == RECORDS[:1]
    assert faults.count == 1


@settings(max_examples=200)
@given(content=st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_as_records_or_as_faults(content):
    content = content.replace(b"\x1f\x8b", b"??")

    found, faults = read(content)

    assert all(isinstance(record, dict) for record in found)
    blank = not content.decode(errors="replace").strip()
    assert blank == (not found and not faults.count)


@pytest.mark.parametrize("seed", range(60))
def test_broken_parquet_is_a_fault_and_never_an_error(seed):
    generator = random.Random(seed)
    damaged = bytearray(FORMS["parquet"])
    for _ in range(20):
        damaged[generator.randrange(4, len(damaged))] = generator.randrange(256)

    found, faults = read(bytes(damaged))

    assert faults.count == 1 or len(found) == len(RECORDS)


def test_truncated_parquet_is_a_fault():
    found, faults = read(FORMS["parquet"][:-100])

    assert (found, faults.count) == ([], 1)
    assert faults.described[0].startswith("object is broken Parquet: ")


def test_of_many_faults_all_are_counted_and_ten_described():
    _, faults = read(b"?\n" * 1000)

    assert faults.count == 1000
    assert len(faults.described) == 10


def test_objects_are_those_of_the_days_asked_for_in_order(s3, captures):
    for days in (-3, -2, 0, -1, 1):
        captures.put(b"{}", day=NOON + timedelta(days=days))
    captures.put_feedback({})
    files = CaptureFiles(s3, BUCKET, Faults())

    found = [item.key for item in files.objects("predictions/", NOON - timedelta(days=2), NOON)]

    assert [key.split("stream")[0] for key in found] == [
        "predictions/2026/11/22/",
        "predictions/2026/11/23/",
        "predictions/2026/11/24/",
    ]


class OfSmallPages:
    """S3 that lists two objects at a time, where it really lists a thousand."""

    def __init__(self, client) -> None:
        self._client = client

    def get_paginator(self, operation: str):
        pages = self._client.get_paginator(operation)
        return SimpleNamespace(paginate=lambda **what: pages.paginate(**what, PaginationConfig={"PageSize": 2}))


def test_a_day_of_more_objects_than_a_page_of_the_listing_is_read_whole(s3, captures):
    keys = [captures.put(b"") for _ in range(7)]

    found = CaptureFiles(OfSmallPages(s3), BUCKET, Faults()).objects("predictions/", NOON, NOON)

    assert [item.key for item in found] == keys


def test_a_record_is_what_json_makes_of_the_line():
    """Numbers that JSON has no word for come as Python writes them, and text in any script."""
    (found,), _ = read('{"area": Infinity, "rooms": -Infinity, "city": "Köln 東京"}\n'.encode())

    assert found == {"area": float("inf"), "rooms": float("-inf"), "city": "Köln 東京"}
    assert json.dumps(found)
