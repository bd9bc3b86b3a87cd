"""From a log line by a subscription and Firehose to an object in S3."""

import gzip
import json
import time

import pytest

from local.services.log_pipeline import matches_json_pattern

_PRINT_EVENT = "import json\ndef handle(event, context):\n    print(json.dumps(event))"


def delivery_stream(aws, bucket, name, **destination):
    """The ARN of a stream that unpacks the envelopes of a log subscription."""
    extract = [{"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}]
    unzip = [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}]
    return aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": aws.role(),
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "Prefix": "captures/!{timestamp:yyyy/MM/dd}/",
            "ErrorOutputPrefix": "errors/",
            "ProcessingConfiguration": {
                "Enabled": True,
                "Processors": [
                    {"Type": "Decompression", "Parameters": unzip},
                    {"Type": "CloudWatchLogProcessing", "Parameters": extract},
                ],
            },
            **destination,
        },
    )["DeliveryStreamARN"]


def subscribed_function(aws, stream):
    """A function that prints its event; those of the kind "prediction" go to the stream."""
    function = aws.function(_PRINT_EVENT)
    aws.invoke(function)  # makes the log group
    subscribe(aws, function, stream, '{ $.kind = "prediction" }')
    return function


def subscribe(aws, function, stream, pattern):
    aws.client("logs").put_subscription_filter(
        logGroupName=f"/aws/lambda/{function}",
        filterName="captures",
        filterPattern=pattern,
        destinationArn=stream,
        roleArn=aws.role(),
    )


# What CloudWatch Logs sends first through a new subscription.
CONTROL = b"CWL CONTROL MESSAGE: Checking health of destination Firehose."


def delivered(aws, bucket, eventually):
    """The key of the only object of a bucket, and its content."""
    s3 = aws.client("s3")
    [item] = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents", []))
    return item["Key"], s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()


def test_what_a_log_subscription_sends_within_the_interval_is_one_object_in_s3(aws, eventually):
    bucket = aws.bucket()
    function = subscribed_function(aws, delivery_stream(aws, bucket, aws.name("captures")))
    aws.invoke(function, {"kind": "noise"})
    for number in (7, 8):
        aws.invoke(function, {"kind": "prediction", "id": number})
    key, body = delivered(aws, bucket, eventually)
    assert key.startswith(time.strftime("captures/%Y/", time.gmtime()))
    control, *records = body.splitlines()
    assert control == CONTROL
    assert [json.loads(line)["id"] for line in records] == [7, 8]


def test_what_comes_after_an_object_is_the_next_one(aws, eventually):
    bucket, name, s3 = aws.bucket(), aws.name("captures"), aws.client("s3")
    delivery_stream(aws, bucket, name, ProcessingConfiguration={"Enabled": False})
    put = lambda data: aws.client("firehose").put_record(DeliveryStreamName=name, Record={"Data": data})  # noqa: E731
    put(b"1")
    put(b"2")
    first, body = delivered(aws, bucket, eventually)
    assert body == b"12"
    put(b"3")
    listed = eventually(lambda: s3.list_objects_v2(Bucket=bucket)["Contents"][1:] and s3.list_objects_v2(Bucket=bucket))
    [second] = {item["Key"] for item in listed["Contents"]} - {first}
    assert s3.get_object(Bucket=bucket, Key=second)["Body"].read() == b"3"


def test_firehose_compresses_what_it_writes_if_it_is_told_to(aws, eventually):
    bucket = aws.bucket()
    stream = delivery_stream(aws, bucket, aws.name("captures"), CompressionFormat="GZIP", FileExtension=".jsonl.gz")
    aws.invoke(subscribed_function(aws, stream), {"kind": "prediction", "id": 7})
    key, body = delivered(aws, bucket, eventually)
    assert key.endswith(".jsonl.gz")
    assert json.loads(gzip.decompress(body).splitlines()[-1]) == {"kind": "prediction", "id": 7}


def test_what_firehose_refuses_is_counted_and_delivered_once_it_takes_it_again(aws, eventually):
    bucket, name = aws.bucket(), aws.name("captures")
    stream = delivery_stream(aws, bucket, name)
    function = subscribed_function(aws, stream)
    aws.client("firehose").delete_delivery_stream(DeliveryStreamName=name)

    answer, failure = aws.invoke(function, {"kind": "prediction", "id": 7})

    assert failure is None, f"a capture that fails never fails the caller: {answer}"
    listed = lambda: aws.client("cloudwatch").list_metrics(  # noqa: E731
        Namespace="AWS/Logs",
        MetricName="DeliveryErrors",
        Dimensions=[{"Name": "LogGroupName", "Value": f"/aws/lambda/{function}"}],
    )["Metrics"]
    (metric,) = eventually(listed)
    assert {"Name": "FilterName", "Value": "captures"} in metric["Dimensions"]
    assert delivery_stream(aws, bucket, name) == stream
    _, body = delivered(aws, bucket, eventually)
    assert {"kind": "prediction", "id": 7} in [json.loads(line) for line in body.splitlines() if line != CONTROL]


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.kind = "prediction" }', True),
        ('{ ($.kind = "prediction") && ($.rows = 2) }', True),
        ('{ $.kind = "feedback" }', False),
        ('{ $.model.version = "7" }', False),
    ],
)
def test_a_filter_pattern_compares_json_fields(pattern, matches):
    assert matches_json_pattern(pattern, '{"kind": "prediction", "rows": 2}') is matches


def test_a_filter_pattern_beyond_equality_is_refused():
    with pytest.raises(ValueError, match="equalities joined by && only"):
        matches_json_pattern("{ $.rows > 2 }", "{}")


def test_a_line_of_more_than_a_megabyte_is_cut(aws, eventually):
    bucket = aws.bucket()
    stream = delivery_stream(aws, bucket, aws.name("captures"))
    function = aws.function("def handle(event, context):\n    print('x' * event['length'])")
    aws.invoke(function, {"length": 1})  # makes the log group
    subscribe(aws, function, stream, "")
    aws.invoke(function, {"length": 2_000_000})

    s3 = aws.client("s3")

    def long_lines():
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
        return [line for body in bodies for line in body.splitlines() if line.startswith(b"xx")]

    assert eventually(long_lines) == [b"x" * (1024 * 1024 - 26)]
