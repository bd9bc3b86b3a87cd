"""A read-only S3 on 127.0.0.1, over HTTP or TLS, from which the predict function fetches its champion."""

import hashlib
import http.server
import ssl
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import trustme

BUCKET = "benchmark-models"


class ObjectStore:
    """Serves objects by key. With `tls` its certificate comes from its own authority.

    Attributes:
        environment: variables that a function needs to read from it.
    """

    def __init__(self, objects: Mapping[str, bytes], *, tls: bool) -> None:
        self._server = _server(objects)
        self._folder = tempfile.TemporaryDirectory()
        port = self._server.server_address[1]
        self.environment = {"AWS_ENDPOINT_URL_S3": f"{'https' if tls else 'http'}://127.0.0.1:{port}"}
        if tls:
            authority = trustme.CA()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.environment["SSL_CERT_FILE"] = str(self._trusted(authority))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> "ObjectStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()

    def _trusted(self, authority: trustme.CA) -> Path:
        """A file with the authorities of the system and this one: on AWS too, a client reads a whole list."""
        system = ssl.get_default_verify_paths().cafile
        path = Path(self._folder.name) / "authorities.pem"
        public = Path(system).read_bytes() if system else b""
        path.write_bytes(public + b"\n" + authority.cert_pem.bytes())
        return path


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
