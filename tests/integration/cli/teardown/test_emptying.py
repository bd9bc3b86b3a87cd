"""Emptying a bucket: all of it goes, whatever S3 answers in between."""

import threading

import boto3
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from cli.interruption import Interrupted
from cli.teardown import emptying
from cli.teardown.emptying import contents, delete_bucket
from evergreen.errors import CommandFailed

BUCKET = "captures"


@pytest.fixture
def s3(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    for name in ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(emptying, "_PAUSE", 0.0)
    # moto answers in the caller's thread, and lists a bucket wrong that another thread changes.
    answer, turn = BotocoreStubber.__call__, threading.Lock()

    def in_turn(stubber, *arguments, **named):
        with turn:
            return answer(stubber, *arguments, **named)

    monkeypatch.setattr(BotocoreStubber, "__call__", in_turn)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


def put(s3, *keys):
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1234")


def delete(s3):
    said = []
    return delete_bucket(s3, BUCKET, said.append), said


def faulty(s3, fault, *, times):
    """Let S3 keep the first key of so many requests, and say why; returns how many keys each request had."""
    sizes, faults = [], []

    def keep(params, **_):
        objects = params["Delete"]["Objects"]
        sizes.append(len(objects))
        if len(sizes) > times:
            return
        faults.append(objects[0])
        # A request for nothing is refused: what is left of one key is a key that is not there.
        left = objects[1:] or [{"Key": "nothing"}]
        params["Delete"] = {**params["Delete"], "Objects": left}

    def tell(parsed, **_):
        if faults:
            parsed["Errors"] = [{**faults.pop(), "Code": fault, "Message": "words of S3"}]

    s3.meta.events.register("provide-client-params.s3.DeleteObjects", keep)
    s3.meta.events.register("after-call.s3.DeleteObjects", tell)
    return sizes


def test_versions_delete_markers_and_unfinished_uploads_go_and_then_the_bucket(s3):
    put(s3, "a", "a", "b", "with space & <sign>/é")
    s3.delete_object(Bucket=BUCKET, Key="b")
    s3.create_multipart_upload(Bucket=BUCKET, Key="large")
    assert contents(s3, BUCKET) == emptying.Contents(5, 16, is_all=True)

    emptied, _ = delete(s3)

    assert (emptied.versions, emptied.uploads) == (5, 1)
    assert s3.list_buckets()["Buckets"] == []


def test_thousands_go_by_the_thousand_and_the_rate_is_told(s3):
    put(s3, *(f"predictions/{number}" for number in range(2500)))
    requests = []
    s3.meta.events.register("before-call.s3.DeleteObjects", lambda **_: requests.append(1))

    emptied, said = delete(s3)

    assert emptied.versions == 2500
    assert len(requests) == 3
    assert said[-1].startswith("2,500 object versions")
    emptied.seconds = 10.0
    assert emptied.words.endswith("250 a second")


def test_of_more_than_is_counted_it_says_more_than(s3):
    put(s3, *(f"{number}" for number in range(1001)))
    assert contents(s3, BUCKET, pages=1).words == "more than 1,000 object versions, more than 4 KB"


@pytest.mark.parametrize("code", ["InternalError", "SlowDown", "ServiceUnavailable"])
def test_a_key_that_s3_fails_to_delete_is_sent_again_alone(s3, code):
    put(s3, "a", "b", "c")
    sizes = faulty(s3, code, times=2)

    delete(s3)

    assert sizes == [3, 1, 1]
    assert s3.list_buckets()["Buckets"] == []


def test_a_key_that_s3_keeps_is_named_with_its_reason_and_a_second_run_goes_on(s3):
    put(s3, "a", "b")
    faulty(s3, "AccessDenied", times=1)

    with pytest.raises(CommandFailed, match=f"s3://{BUCKET}/a: AccessDenied: words of S3. You need s3:DeleteObjectVer"):
        delete(s3)

    assert contents(s3, BUCKET).versions == 1
    assert delete(s3)[0].versions == 1


def test_a_key_that_fails_without_end_is_given_up(s3):
    put(s3, "a")
    sizes = faulty(s3, "InternalError", times=100)
    with pytest.raises(CommandFailed, match="InternalError"):
        delete(s3)
    assert 1 < len(sizes) < 20


def test_what_is_written_while_it_is_emptied_goes_too(s3):
    put(s3, "a")
    late = iter(["late", "later"])

    def write(**_):
        if key := next(late, None):
            put(s3, key)

    s3.meta.events.register("before-call.s3.DeleteBucket", write)
    assert delete(s3)[0].versions == 3


def test_a_bucket_that_something_goes_on_writing_into_is_given_up(s3):
    s3.meta.events.register("before-call.s3.DeleteBucket", lambda **_: put(s3, "again"))
    with pytest.raises(CommandFailed, match="goes on writing into captures"):
        delete(s3)


def test_an_interruption_ends_it_at_once_and_a_second_run_goes_on(s3):
    put(s3, *(f"{number}" for number in range(1500)))

    def interrupt(_words):
        raise Interrupted

    with pytest.raises(Interrupted):
        delete_bucket(s3, BUCKET, interrupt)

    left = contents(s3, BUCKET).versions
    assert left < 1500
    assert delete(s3)[0].versions == left
    assert s3.list_buckets()["Buckets"] == []


def test_a_bucket_that_is_gone_is_deleted(s3):
    s3.delete_bucket(Bucket=BUCKET)
    assert delete(s3)[0].versions == 0
