"""AWS on a bad day: now and then a request is refused that would have been right, and is right when it is sent again.

Switched on by EVERGREEN_UNKIND=1, as in the end-to-end tests. Of the requests to a service, each twentieth is refused:
by S3 with 503 SlowDown (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html), by services of
the JSON protocol with ThrottlingException.
"""

import json
from collections import Counter

from local import engine
from local.services import front

EVERY = 20
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_THROTTLED = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()


def install() -> None:
    engine.APP.replace(unkind(engine.APP.get()))


def unkind(answer: front.App) -> front.App:
    """The same server, which refuses requests now and then."""
    requests: Counter[str] = Counter()

    async def refuse_now_and_then(scope: front.Scope, receive: front.Receive, send: front.Send) -> None:
        service = _refused_here(scope)
        requests[service] += 1
        if service and requests[service] % EVERY == 0:
            await _refuse(scope["method"], service, receive, send)
        else:
            await answer(scope, receive, send)

    return refuse_now_and_then


def _refused_here(scope: front.Scope) -> str:
    """The service that a request is signed for, if it is one whose requests are refused here; else empty."""
    headers = front.headers_of(scope)
    service = front.signed_for(headers)
    return service if service == "s3" or "x-amz-target" in headers else ""


async def _refuse(method: str, service: str, receive: front.Receive, send: front.Send) -> None:
    await front.read(receive)
    if service == "s3":
        body = b"" if method == "HEAD" else _SLOW_DOWN
        await front.answer(send, 503, {"content-type": "application/xml"}, body)
    else:
        await front.answer(send, 400, {"content-type": "application/x-amz-json-1.1"}, _THROTTLED)
