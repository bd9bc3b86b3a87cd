"""The unkind switch of the embedded cloud: what it refuses, and how."""

import asyncio

import pytest

from local.services.unkindness import EVERY, unkind

SIGNED = b"AWS4-HMAC-SHA256 Credential=AKIA/20261129/us-east-1/%s/aws4_request, SignedHeaders=host, Signature=0"


def ask(server, method="GET", **headers):
    """The status and the body of an answer; the kind server answers 200."""
    sent, parts = [], [{"body": b"a", "more_body": True}, {"body": b"b"}]

    async def receive():
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    asyncio.run(server({"method": method, "headers": named}, receive, send))
    # What it refuses it has read to the end, or the connection could not be used again.
    assert not parts or sent[0]["status"] == 200
    return sent[0]["status"], sent[1]["body"]


@pytest.fixture
def server():
    async def kind(_scope, _receive, send):
        await send({"status": 200})
        await send({"body": b""})

    return unkind(kind)


def refused(server, **request):
    """The answer that differs; never two in a row, since it is there for callers that try again."""
    found = [ask(server, **request) for _ in range(2 * EVERY)]
    assert [number for number, (status, _) in enumerate(found, 1) if status != 200] == [EVERY, 2 * EVERY]
    return found[EVERY - 1]


def test_s3_is_too_busy_for_each_twentieth_request(server):
    status, body = refused(server, authorization=SIGNED % b"s3")
    assert (status, b"<Code>SlowDown</Code>" in body) == (503, True)
    assert refused(server, authorization=SIGNED % b"s3", method="HEAD") == (503, b"")


def test_a_service_of_the_json_protocol_throttles_each_twentieth_request(server):
    status, body = refused(server, authorization=SIGNED % b"states", x_amz_target=b"AWSStepFunctions.StartExecution")
    assert (status, b"ThrottlingException" in body) == (400, True)


@pytest.mark.parametrize("headers", [{}, {"authorization": SIGNED % b"execute-api"}])
def test_callers_of_the_endpoint_are_never_refused(server, headers):
    assert {ask(server, **headers)[0] for _ in range(2 * EVERY)} == {200}
