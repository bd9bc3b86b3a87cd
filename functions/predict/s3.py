"""A signed GET from S3 by the standard library alone: importing boto3 would cost a quarter second of every cold start.

The signature is AWS Signature Version 4 in the Authorization header
(https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
"""

import hashlib
import hmac
import http.client
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

# S3 closes connections that were idle for some seconds, and a frozen process does not hear of it.
_IDLE_SECONDS = 3.0
# Seconds to wait before S3 is asked again that has answered 500 or 503, which it does now and then.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html
_PAUSES = (0.05, 0.2)


_CHUNK_BYTES = 1 << 20


class FetchError(Exception):
    """S3 could not be reached, or did not answer with the object."""


class NoSuchKey(FetchError):
    """There is no object of that name."""


@dataclass(frozen=True)
class StoredObject:
    """An object's content and its ETag."""

    content: bytes
    etag: str


class Bucket:
    """Reads objects of one bucket with the function's own credentials, over one connection that is kept for seconds.

    Attributes:
        timeout: of connecting and of each read, in seconds.
        until: by time.monotonic(), when all that is being fetched must be there: reads that each come in time may
            together take for ever.
    """

    def __init__(self, name: str, *, environment: Mapping[str, str] = os.environ, timeout: float = 5.0) -> None:
        """
        Args:
            environment: AWS_REGION and the credentials of the execution role, as Lambda sets them; AWS_ENDPOINT_URL
                if S3 is not at its public address.
        """
        self.timeout = timeout
        self.until = math.inf
        self._environment = environment
        self._region = environment["AWS_REGION"]
        endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
        address = urlsplit(endpoint or f"https://{name}.s3.{self._region}.amazonaws.com")
        self._path = f"/{name}" if endpoint else ""
        self._host = address.netloc
        connection = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = connection(address.netloc)
        self._used = 0.0

    def get(self, key: str, *, unless: str = "") -> StoredObject | None:
        """The object, or None if its ETag is still `unless`.

        Raises:
            NoSuchKey: there is no such object.
            FetchError: anything else went wrong.
        """
        path = f"{self._path}/{quote(key, safe='/-_.~')}"
        for pause in (*_PAUSES, None):
            status, headers, content = self._exchange(path, unless, key)
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

    def _exchange(self, path: str, unless: str, key: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request and its answer. If S3 has closed the connection, a fresh one is tried, once."""
        if time.time() - self._used > _IDLE_SECONDS:
            self._connection.close()
        reused = self._connection.sock is not None
        try:
            self._hurry()
            headers = self._signed(path, datetime.now(UTC))
            if unless:
                headers["If-None-Match"] = unless
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
            content = self._content(answer)
            self._used = time.time()
            return answer.status, answer.headers, content
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            if reused:
                return self._exchange(path, unless, key)
            raise FetchError(f"GET {key}: {error!r}") from error

    def _content(self, answer: http.client.HTTPResponse) -> bytes:
        parts = []
        while part := answer.read1(_CHUNK_BYTES):
            parts.append(part)
            self._hurry()
        content = b"".join(parts)
        if answer.length:
            raise http.client.IncompleteRead(content, answer.length)
        return content

    def _hurry(self) -> None:
        """Let the next read take no longer than there is time left.

        Raises:
            TimeoutError: there is none left.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("S3 was too slow for all that was to be fetched")
        self._connection.timeout = min(self.timeout, left)
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._connection.timeout)

    def _signed(self, path: str, now: datetime) -> dict[str, str]:
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": self._host, "x-amz-content-sha256": _EMPTY_SHA256, "x-amz-date": stamp}
        if token := self._environment.get("AWS_SESSION_TOKEN"):
            headers["x-amz-security-token"] = token
        signed = ";".join(headers)  # already in the order of the alphabet
        canonical = "\n".join(
            ["GET", path, "", *(f"{name}:{value}" for name, value in headers.items()), "", signed, _EMPTY_SHA256]
        )
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{self._environment['AWS_SECRET_ACCESS_KEY']}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256").hex()
        credential = f"{self._environment['AWS_ACCESS_KEY_ID']}/{scope}"
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}"
        )
        return headers
