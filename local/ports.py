"""Ports on the loopback interface."""

import contextlib
import random
import socket

# Outside of those that the system gives to clients: a cloud that is kept must find its own free again.
_LASTING = range(20000, 30000)
_TRIES = 50


class PortInUse(Exception):
    """Another program listens on the port; the message names it."""


def listen(port: int | None) -> socket.socket:
    """A listening socket; on a free port if `port` is None.

    Raises:
        PortInUse: the port is in use.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # The port of a cloud that has just stopped still has connections in TIME_WAIT.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port or 0))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortInUse(f"Port {port} is in use on 127.0.0.1 ({error.strerror}).") from error
    return listener


def listen_lasting() -> socket.socket:
    """A listening socket on a free port that will most likely be free again another day."""
    for port in random.sample(_LASTING, _TRIES):
        with contextlib.suppress(PortInUse):
            return listen(port)
    return listen(None)
