"""The engine's own paths, which take no signature: all but the two that say that it runs are refused.

One of them deletes everything in the cloud, another changes its settings, and any page in a browser can send a request.
"""

import json

from local import engine
from local.services import front

_PREFIXES = ("/_ministack", "/_localstack")
_OPEN = ("/_ministack/health", "/_ministack/ready")
_REFUSAL = json.dumps({"message": "the embedded cloud does not open the engine's own paths; make up starts it anew"})


def install() -> None:
    engine.APP.replace(closed(engine.APP.get()))


def closed(answer: front.App) -> front.App:
    """The same server without those paths."""

    async def refuse_admin_paths(scope: front.Scope, receive: front.Receive, send: front.Send) -> None:
        if not scope.get("path", "").startswith(_PREFIXES) or scope["path"] in _OPEN:
            await answer(scope, receive, send)
            return
        await front.read(receive)
        await front.answer(send, 403, {"content-type": "application/json"}, _REFUSAL.encode())

    return refuse_admin_paths
