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
from collections import Counter
from collections.abc import Callable
from typing import Any

from local import engine
from local.services import front

EVERY = 20
TWICE_EVERY = 3
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_THROTTLED = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()


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
