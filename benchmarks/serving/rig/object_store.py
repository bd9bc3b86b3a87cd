"""A read-only S3 on 127.0.0.1, over HTTP or TLS, from which the predict function fetches its champion."""

import hashlib
import http.server
import threading
from collections.abc import Mapping

from benchmarks.serving.rig.authority import Authority

BUCKET = "benchmark-models"


class ObjectStore:
    """Serves objects by key, over TLS if an authority vouches for it.

    Attributes:
        environment: variables that a function needs to read from it.
    """

    def __init__(self, objects: Mapping[str, bytes], *, authority: Authority | None = None) -> None:
        self._server = _server(objects)
        port = self._server.server_address[1]
        self.environment = {"AWS_ENDPOINT_URL_S3": f"{'https' if authority else 'http'}://127.0.0.1:{port}"}
        if authority:
            self._server.socket = authority.wrapped(self._server.socket)
            self.environment |= authority.environment
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "ObjectStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _server(objects: Mapping[str, bytes]) -> http.server.ThreadingHTTPServer:
    class Connection(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            content = objects.get(self.path.removeprefix(f"/{BUCKET}/"))
            status = 200 if content is not None else 404
            content = content or b""
            etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
            if status == 200 and self.headers.get("If-None-Match") == etag:
                status, content = 304, b""
            self.send_response(status)
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Connection)
