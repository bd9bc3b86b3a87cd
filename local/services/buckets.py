"""S3's answer for a missing object: 404 to a caller who may list the bucket, 403 to all others.

ministack answers 404 to all callers, so a function that lacks `s3:ListBucket` would work here and fail on AWS.
"""

from typing import Any

from local import engine

_DENIED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
    b"<Message>User is not authorized to perform: s3:ListBucket on the bucket of a missing object</Message></Error>"
)


def install() -> None:
    handlers = engine.SERVICE_HANDLERS.get()
    handle = handlers["s3"]

    async def handle_request(method: str, path: str, headers: dict, body: bytes, query_params: dict) -> tuple:
        answer = await handle(method, path, headers, body, query_params)
        bucket, _, key = path.lstrip("/").partition("/")
        missing = answer[0] == 404 and method in ("GET", "HEAD") and key and b"NoSuchBucket" not in (answer[2] or b"")
        if missing and not _may_list(bucket, key, headers, query_params):
            return 403, {"Content-Type": "application/xml"}, b"" if method == "HEAD" else _DENIED
        return answer

    handlers["s3"] = handle_request


def _may_list(bucket: str, key: str, headers: dict, query_params: dict) -> Any:
    caller = engine.ACCESS_KEY_ID(headers, query_params)
    # S3 checks the listing with the object's key as the prefix.
    context = {"s3:prefix": [key]}
    denied = engine.ENFORCE(
        caller, "s3:ListBucket", "s3", engine.REGION(), resource_arn=f"arn:aws:s3:::{bucket}", service_context=context
    )
    return denied is None
