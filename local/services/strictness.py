"""Requests that their service's published API model does not accept are refused, as AWS refuses them.

Clients check types and required members. ministack takes the rest: a name of the wrong characters, a value that is no
member of an enumeration, a text that is too long. SageMaker's requests are checked in `sagemaker`, and those that the
state machine makes in `workflows`.
"""

import asyncio
import json
from typing import Any
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from local import engine
from local.services import api_model, front

# What requests are signed for, and botocore's name of it: all that functions, jobs, commands and the CDK call.
_SERVICES = {
    **{name: name for name in ("cloudformation", "iam", "lambda", "logs", "s3", "sns", "sqs", "ssm", "sts")},
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}


def install() -> None:
    engine.APP.replace(strict(engine.APP.get()))


def strict(answer: front.App) -> front.App:
    """The same server, which refuses what AWS refuses."""

    async def refuse_invalid(scope: front.Scope, receive: front.Receive, send: front.Send) -> None:
        headers = front.headers_of(scope)
        service = _SERVICES.get(front.signed_for(headers))
        if not service:
            await answer(scope, receive, send)
            return
        messages = await front.read(receive)
        try:
            if messages[-1]["type"] == "http.request":
                body = b"".join(message.get("body", b"") for message in messages)
                # In a thread, since the first request to a service reads its API model.
                await asyncio.to_thread(_validate, service, scope, headers, body)
        except api_model.InvalidRequest as error:
            await _refuse(scope["method"], service, str(error), send)
        else:
            await answer(scope, _again(messages, receive), send)

    return refuse_invalid


def _validate(service: str, scope: front.Scope, headers: dict[str, str], body: bytes) -> None:
    """Raises InvalidRequest. What is no operation of the model passes."""
    path, query = scope["raw_path"].decode(), scope["query_string"].decode()
    address = f"{scope['scheme']}://{headers['host']}{path}?{query}"
    request = Request.from_primitives(scope["method"], address, headers, body)
    request.environ["RAW_URI"] = path
    try:
        operation, in_path = get_service_router(service).match(request)
    except NotFound:
        return
    parser = PROTOCOL_PARSERS[determine_request_protocol(operation.service_model, request.content_type)]
    parts: Any = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.data,
        "url_path": request.path,
        "url_params": in_path,
    }
    api_model.validate(service, operation.name, parser(operation).parse(parts))


async def _refuse(method: str, service: str, message: str, send: front.Send) -> None:
    if "xml" in (protocol := api_model.service_model(service).protocol) or protocol == "query":
        error = f"<Error><Code>ValidationError</Code><Message>{escape(message)}</Message></Error>"
        body = b"" if method == "HEAD" else f"<ErrorResponse>{error}</ErrorResponse>".encode()
        await front.answer(send, 400, {"content-type": "application/xml"}, body)
        return
    body = json.dumps({"__type": "ValidationException", "message": message}).encode()
    # The code is in the body by the JSON protocol, and in a header by that of REST.
    named = {"content-type": "application/x-amz-json-1.1", "x-amzn-errortype": "ValidationException"}
    await front.answer(send, 400, named, body)


def _again(messages: list[dict[str, Any]], receive: front.Receive) -> front.Receive:
    """What brings messages that were read already, and then whatever else comes."""
    unread = iter(messages)

    async def bring() -> dict[str, Any]:
        for message in unread:
            return message
        return await receive()

    return bring
