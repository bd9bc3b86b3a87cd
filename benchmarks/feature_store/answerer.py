"""Stands in for DynamoDB where only the caller's own side is measured: it answers at once, and keeps nothing."""

import json
import socketserver
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from benchmarks.serving.rig.authority import Authority

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
_TABLE = {"TableStatus": "ACTIVE", "TableArn": "arn:aws:dynamodb:us-east-1:000000000000:table/benchmark"}


class Answerer:
    """An HTTP server on 127.0.0.1, over TLS if an authority vouches for it.

    Attributes:
        environment: variables of a client that asks it.
        written: items that were put since it was made.
    """

    def __init__(self, items: Mapping[str, Mapping[str, Any]] | None = None, *, authority: Authority | None = None):
        """
        Args:
            items: what BatchGetItem finds, by `entity_id`, in DynamoDB's JSON.
        """
        self.written = 0
        self._items = items or {}
        self._counting = threading.Lock()
        self._server = _server(self._answer)
        port = self._server.server_address[1]
        self.environment = {"AWS_ENDPOINT_URL_DYNAMODB": f"{'https' if authority else 'http'}://127.0.0.1:{port}"}
        if authority:
            self._server.socket = authority.wrapped(self._server.socket)
            self.environment |= authority.environment
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "Answerer":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, operation: str, body: bytes) -> dict[str, Any]:
        if operation == "PutItem":
            self._count(1)
            return {}
        if operation == "BatchWriteItem":
            self._count(body.count(b'"PutRequest"'))
            return {"UnprocessedItems": {}}
        if operation == "BatchGetItem":
            asked = json.loads(body)["RequestItems"]
            return {"Responses": {table: self._found(request["Keys"]) for table, request in asked.items()}}
        return {"Table": _TABLE, "Tags": []}

    def _found(self, keys: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        asked = [key["entity_id"]["S"] for key in keys]
        return [self._items[each] for each in asked if each in self._items]

    def _count(self, items: int) -> None:
        with self._counting:
            self.written += items


def _server(answer: Callable[[str, bytes], dict[str, Any]]) -> socketserver.ThreadingTCPServer:
    class Connection(socketserver.StreamRequestHandler):
        """As much HTTP/1.1 as a client of DynamoDB speaks. http.server's parser would take the core that it runs on."""

        disable_nagle_algorithm = True

        def handle(self) -> None:
            with suppress(ConnectionError):
                while self.rfile.readline():
                    self._exchange()

        def _exchange(self) -> None:
            length, operation = 0, ""
            while (header := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                elif name.lower() == b"x-amz-target":
                    operation = value.decode().strip().rpartition(".")[2]
            content = json.dumps(answer(operation, self.rfile.read(length))).encode()
            self.wfile.write(_HEAD % len(content) + content)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    return Server(("127.0.0.1", 0), Connection)
