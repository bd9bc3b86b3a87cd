"""AWS on a bad day: requests are refused that would have been right, and what is delivered comes twice.

Switched on by EVERGREEN_UNKIND=1, as in the end-to-end tests. Of the requests to a service, each twentieth is refused:
by S3 with 503 SlowDown (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html), by services of
the JSON protocol with ThrottlingException. They are right when they are sent again.

What AWS delivers at least once is delivered twice here: events to the targets of rules and schedules
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html), asynchronous invocations, which are
what an alarm makes (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html), and each third
record of Firehose (https://docs.aws.amazon.com/firehose/latest/dev/retry.html). The newest records of an object stand
first in it: no source promises an order.
"""

import itertools
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from local import engine

EVERY = 20
TWICE_EVERY = 3
_SERVICE = re.compile(rb"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_THROTTLED = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def install() -> None:
    engine.APP.replace(unkind(engine.APP.get()))
    for delivered in (engine.INVOKE_TARGET, engine.INVOKE_ASYNCHRONOUSLY):
        delivered.replace(repeated(delivered.get()))
    engine.FIREHOSE_DELIVER.replace(repeated(engine.FIREHOSE_DELIVER.get(), every=TWICE_EVERY))
    process = engine.FIREHOSE_PROCESS.get()
    engine.FIREHOSE_PROCESS.replace(
        lambda stream, dest, records, *sinks, **named: process(stream, dest, records[::-1], *sinks, **named)
    )


def repeated(deliver: Callable[..., Any], *, every: int = 1) -> Callable[..., Any]:
    """The same delivery, each n-th of which is made twice."""
    calls = itertools.count(1)

    def deliver_now_and_then_twice(*arguments: Any) -> Any:
        if next(calls) % every == 0:
            deliver(*arguments)
        return deliver(*arguments)

    return deliver_now_and_then_twice


def unkind(answer: App) -> App:
    """The same server, which refuses requests now and then."""
    requests: Counter[bytes] = Counter()

    async def refuse_now_and_then(scope: Scope, receive: Receive, send: Send) -> None:
        service = _service(scope)
        requests[service] += 1
        if service and requests[service] % EVERY == 0:
            await _refuse(scope["method"], service, receive, send)
        else:
            await answer(scope, receive, send)

    return refuse_now_and_then


def _service(scope: Scope) -> bytes:
    """That a request is signed for, if it is one that is refused here; else empty."""
    headers = dict(scope.get("headers", ()))
    found = _SERVICE.search(headers.get(b"authorization", b""))
    return found[1] if found and (found[1] == b"s3" or b"x-amz-target" in headers) else b""


async def _refuse(method: str, service: bytes, receive: Receive, send: Send) -> None:
    # The connection can only be used again if the body has been read.
    while (await receive()).get("more_body"):
        pass
    status, kind, body = (
        (503, b"application/xml", b"" if method == "HEAD" else _SLOW_DOWN)
        if service == b"s3"
        else (400, b"application/x-amz-json-1.1", _THROTTLED)
    )
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
