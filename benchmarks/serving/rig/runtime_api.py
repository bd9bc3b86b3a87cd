"""A minimal Lambda Runtime API on 127.0.0.1 that times each invocation.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import queue
import socketserver
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

FUNCTION = "benchmark"
_ARN = f"arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}"


class InvocationFailed(Exception):
    """The function ended, reported an error, or did not answer in time."""


class RuntimeApi:
    """Serves one function process. Close it after the process has ended.

    Attributes:
        latencies: seconds from sending each event until its answer was read, in order.
        asked_at: time.time() when the function first asked for an event: its start and its imports were over.
        answered_at: time.time() of the first answer.
        answer: the last answer's bytes.
    """

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.asked_at = self.answered_at = 0.0
        self.answer = b""
        self._events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._failure = ""
        self._expected = 0
        self._done = threading.Event()
        self._server = _server(self._next, self._answered, self._failed)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "RuntimeApi":
        return self

    def __exit__(self, *_: object) -> None:
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, events: Sequence[bytes], *, exit_code: Callable[[], int | None], timeout: float) -> list[float]:
        """Have the function answer the events one after the other; return the seconds of each.

        Raises:
            InvocationFailed: an invocation failed, the process ended, or `timeout` seconds passed.
        """
        before = len(self.latencies)
        self._expected = before + len(events)
        self._done.clear()
        for event in events:
            self._events.put(event)
        deadline = time.monotonic() + timeout
        while not self._done.wait(0.2):
            if exit_code() is not None:
                raise InvocationFailed(f"the function's process ended with {exit_code()}")
            if time.monotonic() > deadline:
                raise InvocationFailed(f"no answer within {timeout} s")
        if self._failure:
            raise InvocationFailed(self._failure)
        return self.latencies[before:]

    def _next(self) -> bytes | None:
        self.asked_at = self.asked_at or time.time()
        return self._events.get()

    def _answered(self, body: bytes, seconds: float) -> None:
        if not self.latencies:
            self.answered_at = time.time()
        self.latencies.append(seconds)
        self.answer = body
        if b'"statusCode": 200' not in body[:4096] and json.loads(body).get("statusCode") != 200:
            self._failed(body)
        if len(self.latencies) == self._expected:
            self._done.set()

    def _failed(self, body: bytes) -> None:
        self._failure = body.decode(errors="replace")[:2000]
        self._done.set()


def _server(
    next_event: Callable[[], bytes | None], answered: Callable[[bytes, float], None], failed: Callable[[bytes], None]
) -> socketserver.ThreadingTCPServer:
    class Connection(socketserver.StreamRequestHandler):
        """The HTTP/1.1 that the runtime client uses. http.server's parser would take longer than the function."""

        disable_nagle_algorithm = True
        handed_out = 0.0

        def handle(self) -> None:
            with suppress(ConnectionError):
                while (line := self.rfile.readline()) and self._exchange(line.split()[1]):
                    pass

        def _exchange(self, path: bytes) -> bool:
            length = 0
            while (header := self.rfile.readline().lower()) not in (b"\r\n", b""):
                if header.startswith(b"content-length:"):
                    length = int(header[15:])
            body = self.rfile.read(length)
            finished = time.perf_counter()
            if path.endswith(b"/next"):
                event = next_event()
                if event is None:
                    return False
                answer = _invocation(event)
                type(self).handed_out = time.perf_counter()
                self.wfile.write(answer)
                return True
            self.wfile.write(b'HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{"status":"OK"}')
            if path.endswith(b"/response"):
                answered(body, finished - self.handed_out)
            else:
                failed(body)
            return True

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    return Server(("127.0.0.1", 0), Connection)


def _invocation(event: bytes) -> bytes:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        f"Lambda-Runtime-Aws-Request-Id: {uuid.uuid4()}\r\n"
        f"Lambda-Runtime-Deadline-Ms: {int(time.time() * 1000) + 10_000}\r\n"
        f"Lambda-Runtime-Invoked-Function-Arn: {_ARN}\r\n"
        f"Content-Length: {len(event)}\r\n\r\n"
    )
    return head.encode() + event


def http_event(document: dict[str, Any]) -> bytes:
    """An HTTP API event (payload 2.0) that posts a document to /predict."""
    body = json.dumps(document)
    request = {"method": "POST", "path": "/predict", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x"}
    headers = {"content-type": "application/json", "content-length": str(len(body)), "host": "api.example.com"}
    event = {
        "version": "2.0",
        "routeKey": "POST /predict",
        "rawPath": "/predict",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": request,
            "requestId": "request",
            "routeKey": "POST /predict",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
        },
        "body": body,
        "isBase64Encoded": False,
    }
    return json.dumps(event).encode()
