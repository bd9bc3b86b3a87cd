"""What the embedded cloud refuses as AWS does: requests that break their service's own API model."""

import asyncio

import pytest
from botocore.exceptions import ClientError

from local.services.strictness import strict

ROLE = "arn:aws:iam::000000000000:role/someone"


@pytest.fixture(scope="module")
def bucket(aws):
    aws.client("s3").create_bucket(Bucket="strictness")
    return "strictness"


@pytest.mark.parametrize(
    ("service", "call", "request_", "where"),
    [
        # One of each protocol: JSON, REST with JSON, query, REST with XML.
        ("stepfunctions", "start_execution", {"stateMachineArn": "arn:" + 256 * "a"}, "stateMachineArn"),
        ("lambda", "invoke", {"FunctionName": "no such!"}, "functionName"),
        ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "two words"}, "roleSessionName"),
        ("s3", "put_object", {"Bucket": "strictness", "Key": "a", "StorageClass": "COLD"}, "storageClass"),
        ("cloudwatch", "describe_alarms", {"MaxRecords": 101}, "maxRecords"),
    ],
)
def test_a_request_that_breaks_the_model_is_refused(aws, bucket, service, call, request_, where):  # noqa: ARG001
    with pytest.raises(ClientError, match=f"at '{where}' failed to satisfy constraint") as caught:
        getattr(aws.client(service), call)(**request_)
    assert caught.value.response["Error"]["Code"].startswith("Validation")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_what_the_model_accepts_arrives_as_it_was_sent(aws, bucket):
    s3 = aws.client("s3")
    body = bytes(range(256)) * 4096
    s3.put_object(Bucket=bucket, Key="a b/é%2F+.bin", Body=body, Metadata={"Of": "x"}, StorageClass="STANDARD")
    found = s3.get_object(Bucket=bucket, Key="a b/é%2F+.bin")
    assert (found["Body"].read() == body, found["Metadata"]) == (True, {"of": "x"})


def test_a_request_whose_client_has_gone_is_left_to_the_server():
    came = [{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}]
    waiting, seen = list(came), []

    async def server(_scope, receive, _send):
        seen.extend([await receive(), await receive()])

    async def receive():
        return waiting.pop(0)

    signed = b"AWS4-HMAC-SHA256 Credential=AKIA/20261129/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    asyncio.run(strict(server)({"method": "PUT", "headers": [(b"authorization", signed)]}, receive, None))
    assert seen == came
