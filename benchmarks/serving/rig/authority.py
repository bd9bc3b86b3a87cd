"""The certificate authority of the rig's servers."""

import socket
import ssl
import tempfile
from pathlib import Path

import trustme


class Authority:
    """Vouches for servers on 127.0.0.1; a context manager, which removes its file.

    Attributes:
        environment: variables of a client that trusts them.
    """

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self._folder = tempfile.TemporaryDirectory()
        self.environment = {"SSL_CERT_FILE": str(self._trusted())}

    def __enter__(self) -> "Authority":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def wrapped(self, listener: socket.socket) -> ssl.SSLSocket:
        """A listening socket that speaks TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("127.0.0.1").configure_cert(context)
        return context.wrap_socket(listener, server_side=True)

    def _trusted(self) -> Path:
        """A file with the authorities of the system and this one: on AWS too, a client reads a whole list."""
        system = ssl.get_default_verify_paths().cafile
        path = Path(self._folder.name) / "authorities.pem"
        public = Path(system).read_bytes() if system else b""
        path.write_bytes(public + b"\n" + self._authority.cert_pem.bytes())
        return path
