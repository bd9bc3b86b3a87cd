"""Objects of one bucket in S3, read by signed GETs
(https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html)."""

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from functions.signed_connection import SignedConnection, Unreachable, address_of

_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

# Seconds to wait before S3 is asked again that has answered 500 or 503, which it does now and then.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html
_PAUSES = (0.05, 0.2)


class FetchError(Exception):
    """S3 could not be reached, or did not answer with the object."""


class NoSuchKey(FetchError):
    """There is no object of that name."""


@dataclass(frozen=True)
class StoredObject:
    """An object's content and its ETag."""

    content: bytes
    etag: str


class Bucket(SignedConnection):
    """Reads objects of one bucket."""

    def __init__(self, name: str, *, environment: Mapping[str, str] = os.environ, timeout: float = 5.0) -> None:
        """
        Args:
            environment: that of SignedConnection; AWS_ENDPOINT_URL if S3 is not at its public address.
        """
        address, named = address_of("s3", f"{name}.s3.{environment['AWS_REGION']}.amazonaws.com", environment)
        super().__init__("s3", address, environment=environment, timeout=timeout)
        self._path = f"/{name}" if named else ""

    def get(self, key: str, *, unless: str = "") -> StoredObject | None:
        """The object, or None if its ETag is still `unless`.

        Raises:
            NoSuchKey: there is no such object.
            FetchError: anything else went wrong.
        """
        path = f"{self._path}/{quote(key, safe='/-_.~')}"
        condition = {"If-None-Match": unless} if unless else {}
        for pause in (*_PAUSES, None):
            try:
                status, headers, content = self.exchange(
                    "GET", path, signed={"x-amz-content-sha256": _EMPTY_SHA256}, unsigned=condition
                )
            except Unreachable as error:
                raise FetchError(f"GET {key}: {error}") from error
            if status < 500 or pause is None:
                break
            time.sleep(pause)
        if status == 304:
            return None
        if status == 404:
            raise NoSuchKey(key)
        if status != 200:
            raise FetchError(f"GET {key}: S3 answered {status}: {content[:300].decode(errors='replace')}")
        return StoredObject(content, headers["ETag"])
