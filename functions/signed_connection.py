"""Signed requests to AWS by the standard library alone: importing boto3 would cost a quarter second of a cold start.

The signature is AWS Signature Version 4 in the Authorization header
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
"""

import hashlib
import hmac
import http.client
import math
import os
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from urllib.parse import urlsplit

# AWS closes connections that were idle for some seconds, and a frozen process does not hear of it.
_IDLE_SECONDS = 3.0
_CHUNK_BYTES = 1 << 20


class Unreachable(Exception):
    """A request was not answered, or not whole."""


class SignedConnection:
    """One service of AWS with the function's own credentials, over one connection that is kept for seconds.

    Attributes:
        timeout: of connecting and of each read, in seconds.
        until: by time.monotonic(), when all that is being fetched must be there: reads that each come in time may
            together take for ever.
    """

    def __init__(self, service: str, address: str, *, environment: Mapping[str, str], timeout: float) -> None:
        """
        Args:
            service: as signatures name it.
            address: a URL without a path.
            environment: AWS_REGION and the credentials of the execution role, as Lambda sets them.
        """
        self.timeout = timeout
        self.until = math.inf
        self._service = service
        self._environment = environment
        self._region = environment["AWS_REGION"]
        parts = urlsplit(address)
        self._host = parts.netloc
        self._connection = (
            http.client.HTTPSConnection(parts.netloc, context=_trusting())
            if parts.scheme == "https"
            else http.client.HTTPConnection(parts.netloc)
        )
        self._used = 0.0

    def exchange(
        self, method: str, path: str, *, signed: Mapping[str, str], unsigned: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request and its answer: status, headers and content. If AWS has closed the connection, a fresh one is
        tried, once.

        Args:
            path: percent-encoded.
            signed: headers under the signature, by their names in lower case.
            unsigned: headers that are not.

        Raises:
            Unreachable: there is no answer, or it came too late.
        """
        if time.time() - self._used > _IDLE_SECONDS:
            self._connection.close()
        reused = self._connection.sock is not None
        try:
            self._hurry()
            headers = {**self._signed(method, path, signed, body, datetime.now(UTC)), **unsigned}
            self._connection.request(method, path, body=body or None, headers=headers)
            answer = self._connection.getresponse()
            content = self._content(answer)
            self._used = time.time()
            return answer.status, answer.headers, content
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            if reused:
                return self.exchange(method, path, signed=signed, unsigned=unsigned, body=body)
            raise Unreachable(repr(error)) from error

    def _content(self, answer: http.client.HTTPResponse) -> bytes:
        parts = []
        while part := answer.read1(_CHUNK_BYTES):
            parts.append(part)
            self._hurry()
        content = b"".join(parts)
        if answer.length:
            raise http.client.IncompleteRead(content, answer.length)
        # read1 leaves it open when it is read, and a connection with an open answer takes no further request.
        answer.close()
        return content

    def _hurry(self) -> None:
        """Let the next read take no longer than there is time left.

        Raises:
            TimeoutError: there is none left.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{self._service} was too slow for all that was to be fetched")
        self._connection.timeout = min(self.timeout, left)
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._connection.timeout)

    def _signed(self, method: str, path: str, more: Mapping[str, str], body: bytes, now: datetime) -> dict[str, str]:
        """The headers of a request, its signature among them."""
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        headers = {**more, "host": self._host, "x-amz-date": stamp}
        if token := self._environment.get("AWS_SESSION_TOKEN"):
            headers["x-amz-security-token"] = token
        names = sorted(headers)
        signed = ";".join(names)
        lines = [f"{name}:{headers[name]}" for name in names]
        canonical = "\n".join([method, path, "", *lines, "", signed, hashlib.sha256(body).hexdigest()])
        scope = f"{stamp[:8]}/{self._region}/{self._service}/aws4_request"
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


@cache
def _trusting() -> ssl.SSLContext:
    """One for all connections of the process: to read the machine's authorities takes longer than a request."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def address_of(service: str, host: str, environment: Mapping[str, str] = os.environ) -> tuple[str, bool]:
    """The address of a service, and whether the environment names it: AWS_ENDPOINT_URL_<SERVICE> or AWS_ENDPOINT_URL.

    Args:
        host: where the service is on AWS.
    """
    named = environment.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environment.get("AWS_ENDPOINT_URL")
    return named or f"https://{host}", bool(named)
