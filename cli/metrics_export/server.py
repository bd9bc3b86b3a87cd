"""The HTTP server that Prometheus scrapes."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.registry import Collector

from evergreen.errors import CommandFailed


@contextmanager
def serving(collector: Collector, host: str, port: int) -> Iterator[int]:
    """Serve /metrics in a thread; the port that it listens on, which is a free one for 0.

    Raises:
        CommandFailed: the address cannot be listened on.
    """
    registry = CollectorRegistry()
    registry.register(collector)
    # Its start time says since when counters count.
    ProcessCollector(registry=registry)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise CommandFailed(
            f"cannot listen on {host}:{port}: {error.strerror or error}. Name another with --port or --host"
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
