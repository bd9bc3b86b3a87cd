"""What stands in front of ministack: whom a request is for, and an answer that comes before ministack's."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def headers_of(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope.get("headers", ())}


def signed_for(headers: dict[str, str]) -> str:
    """The service in a request's signature; empty if there is none."""
    found = _SERVICE.search(headers.get("authorization", ""))
    return found[1] if found else ""


async def read(receive: Receive) -> list[dict[str, Any]]:
    """The messages of a whole request. A connection can only be used again if they have been read.

    The last is another one than a part of the body if the client has gone before the end.
    """
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    return messages


async def answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    named = {**headers, "content-length": str(len(body))}
    raw = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
