"""evergreen forget: a prediction leaves the captures, whatever their form, and nothing else does."""

import base64
import gzip
import io
import json
from types import SimpleNamespace

import boto3
import pyarrow
import pyarrow.parquet
import pytest
from moto import mock_aws

from cli.aws.captures import forget_predictions
from evergreen import names
from evergreen.captures.records import Faults, read_records
from evergreen.errors import CommandFailed
from evergreen.prediction_id import new_prediction_id, predicted_at

GONE, KEPT, OTHER = new_prediction_id(), new_prediction_id(), new_prediction_id()


def record(*ids):
    return {
        "message": "predict",
        "capture": 1,
        "rows": [{"prediction_id": id_, "prediction": 1.0, "features": {"city": "Austin"}} for id_ in ids],
    }


RECORDS = [record(GONE, KEPT), record(GONE), record(KEPT)]
LEFT = [record(KEPT), record(KEPT)]


def parquet(records):
    output = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), output)
    return output.getvalue()


def lines(records):
    return "".join(json.dumps(item) + "\n" for item in records).encode()


@pytest.fixture
def target(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="captures")
        yield SimpleNamespace(client=lambda _name: s3, outputs={names.OUTPUT_CAPTURE_BUCKET: "captures"}, s3=s3)


def key_of(prefix, name):
    return f"{prefix}{predicted_at(GONE):%Y/%m/%d}/{name}"


def forget(target, id_=GONE):
    return forget_predictions(target, [id_], lambda _words: None).keys


def problems(target):
    return forget_predictions(target, [GONE], lambda _words: None).unreadable


@pytest.mark.parametrize(
    "write",
    [lines, lambda records: gzip.compress(lines(records)), lambda records: lines(records).replace(b"\n", b""), parquet],
    ids=["JSON lines", "gzip", "without line breaks", "Parquet"],
)
def test_the_prediction_is_gone_and_the_others_are_as_they_were(target, write):
    key = key_of(names.PREDICTIONS_PREFIX, "a")
    target.s3.put_object(Bucket="captures", Key=key, Body=write(RECORDS))

    assert forget(target) == [key]

    content = target.s3.get_object(Bucket="captures", Key=key)["Body"].read()
    faults = Faults()
    assert list(read_records(content, key, faults)) == LEFT
    assert faults.count == 0
    assert content[:2] == write(RECORDS)[:2], "the form stays"


def test_its_label_goes_too(target):
    key = key_of(names.FEEDBACK_PREFIX, "a")
    labels = [{"labels": [{"prediction_id": GONE, "actual": 1}, {"prediction_id": KEPT, "actual": 2}]}]
    target.s3.put_object(Bucket="captures", Key=key, Body=lines(labels))

    assert forget(target) == [key]
    content = target.s3.get_object(Bucket="captures", Key=key)["Body"].read()
    assert json.loads(content) == {"labels": [{"prediction_id": KEPT, "actual": 2}]}


def undelivered(*records):
    """As Firehose writes what it could not unpack: the gzipped envelope of a log subscription in Base64."""
    return b"".join(
        json.dumps(
            {
                "errorCode": "X",
                "rawData": base64.b64encode(
                    gzip.compress(json.dumps({"logEvents": [{"message": json.dumps(item)}]}).encode())
                ).decode(),
            }
        ).encode()
        + b"\n"
        for item in records
    )


def test_what_firehose_could_not_deliver_goes_with_the_envelope_that_held_it(target):
    key = f"{names.UNDELIVERED_PREFIX}predict/processing-failed/{predicted_at(GONE):%Y/%m/%d}/a"
    written = [undelivered(item) for item in RECORDS]
    target.s3.put_object(Bucket="captures", Key=key, Body=b"".join(written))

    assert forget(target) == [key]

    content = target.s3.get_object(Bucket="captures", Key=key)["Body"].read()
    assert content == written[2]
    assert forget(target) == []


def test_an_undelivered_object_that_cannot_be_read_is_named_and_left_as_it_is(target):
    key = f"{names.UNDELIVERED_PREFIX}predict/processing-failed/a"
    broken = undelivered(*RECORDS) + b"?\n"
    target.s3.put_object(Bucket="captures", Key=key, Body=broken)

    (problem,) = problems(target)
    assert f"{key} cannot be read" in problem
    assert target.s3.get_object(Bucket="captures", Key=key)["Body"].read() == broken


def test_an_object_that_cannot_be_read_whole_is_named_and_left_as_it_is(target):
    key = key_of(names.PREDICTIONS_PREFIX, "a")
    broken = lines(RECORDS) + b"{not json\n"
    target.s3.put_object(Bucket="captures", Key=key, Body=broken)

    (problem,) = problems(target)
    assert "line 4 is not JSON" in problem
    assert target.s3.get_object(Bucket="captures", Key=key)["Body"].read() == broken


def test_several_go_in_one_pass_and_a_broken_object_keeps_none_of_the_others(target):
    whole, broken = key_of(names.PREDICTIONS_PREFIX, "b"), key_of(names.PREDICTIONS_PREFIX, "a")
    target.s3.put_object(Bucket="captures", Key=whole, Body=lines([*RECORDS, record(OTHER)]))
    target.s3.put_object(Bucket="captures", Key=broken, Body=gzip.compress(lines(RECORDS))[:-9])

    done = forget_predictions(target, [GONE, KEPT], lambda _words: None)

    assert (done.keys, done.predictions, done.labels) == ([whole], {GONE, KEPT}, set())
    assert [broken in problem for problem in done.unreadable] == [True]
    assert target.s3.get_object(Bucket="captures", Key=whole)["Body"].read() == lines([record(OTHER)])


def test_an_object_that_changes_meanwhile_stays_and_is_named(target):
    key = key_of(names.PREDICTIONS_PREFIX, "a")
    target.s3.put_object(Bucket="captures", Key=key, Body=lines(RECORDS))

    def change(_key):
        target.s3.put_object(Bucket="captures", Key=key, Body=lines([*RECORDS, record(OTHER)]))

    read = target.s3.get_object
    target.s3.get_object = lambda **of: (read(**of), change(key))[0]
    done = forget_predictions(target, [GONE], lambda _words: None)

    assert (done.keys, done.predictions) == ([], set())
    assert [f"{key} changed meanwhile" in words for words in done.changed] == [True]


def test_nothing_is_removed_if_one_of_the_ids_is_none(target):
    key = key_of(names.PREDICTIONS_PREFIX, "a")
    target.s3.put_object(Bucket="captures", Key=key, Body=lines(RECORDS))

    with pytest.raises(CommandFailed, match="'nonsense' is not the prediction_id of an answer"):
        forget_predictions(target, [GONE, "nonsense"], lambda _words: None)
    assert target.s3.get_object(Bucket="captures", Key=key)["Body"].read() == lines(RECORDS)


def test_a_prediction_that_is_nowhere_changes_nothing(target):
    key = key_of(names.PREDICTIONS_PREFIX, "a")
    target.s3.put_object(Bucket="captures", Key=key, Body=lines([record(KEPT)]))

    assert forget(target) == []
    assert target.s3.get_object(Bucket="captures", Key=key)["Body"].read() == lines([record(KEPT)])
