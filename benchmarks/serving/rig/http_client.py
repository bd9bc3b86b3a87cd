"""Posts the same body repeatedly over one persistent connection, with less overhead than a client library."""

import socket
import time
from types import TracebackType


class BadAnswer(Exception):
    """The server did not answer 200."""


class Poster:
    """Posts to 127.0.0.1. `post` returns the seconds until the whole answer was read; `answer` holds it."""

    def __init__(self, port: int, path: str, body: bytes, *, timeout: float = 30) -> None:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode() + body
        self._port = port
        self._timeout = timeout
        self.answer = b""
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=self._timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> "Poster":
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def reconnect(self) -> None:
        """Open a new connection: servers close one that was idle for some seconds."""
        self.close()
        self._connect()

    def post(self) -> float:
        """Post the body; return the seconds until the whole answer was read.

        Raises:
            BadAnswer: any other status than 200.
        """
        started = time.perf_counter()
        self._socket.sendall(self._request)
        status = self._stream.readline().split()
        length = 0
        chunked = False
        while (header := self._stream.readline().lower()) not in (b"\r\n", b""):
            if header.startswith(b"content-length:"):
                length = int(header[15:])
            chunked = chunked or header.startswith(b"transfer-encoding: chunked")
        self.answer = self._chunks() if chunked else self._stream.read(length)
        taken = time.perf_counter() - started
        if len(status) < 2 or status[1] != b"200":
            raise BadAnswer(f"{b' '.join(status).decode()}: {self.answer[:500].decode(errors='replace')}")
        return taken

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self._stream.readline().strip() or b"0", 16):
            parts.append(self._stream.read(size))
            self._stream.readline()
        self._stream.readline()
        return b"".join(parts)
