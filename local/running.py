"""The cloud that runs in a home, as other processes find it."""

import json
import os
import ssl
import time
import urllib.request
from pathlib import Path

from local import environments
from local.errors import CloudError, CloudNotRunning
from local.lock import HomeLock
from local.processes.leashed import LeashedProcess

RECORD = "cloud.json"
# The longest that a cloud has to end: it stops its jobs, waits for a deployment, and saves its state.
_END_SECONDS = 90.0
_CLIENTS = ("endpoint", "region", "authority", "tracking_uri")


def write_record(home: Path, *, pid: int, endpoint: str, region: str, authority: str, tracking_uri: str) -> None:
    """Tell other processes of a cloud that is ready. `pid` is of its server."""
    record = {
        "pid": pid,
        "endpoint": endpoint,
        "region": region,
        "authority": authority,
        "tracking_uri": tracking_uri,
    }
    (home / RECORD).write_text(json.dumps(record, indent=2))


def environment_of_running(home: Path) -> dict[str, str]:
    """The environment variables of a client process of the cloud that runs in `home`.

    Raises:
        CloudNotRunning: no cloud runs in `home`.
    """
    try:
        record = json.loads((home / RECORD).read_text())
        os.kill(record["pid"], 0)
        get(record["endpoint"] + "/_ministack/health", record["authority"], timeout=10)
    except (OSError, ValueError, KeyError):
        raise CloudNotRunning from None
    return environments.client(**{name: record[name] for name in _CLIENTS})


def end(home: Path) -> bool:
    """Stop the cloud in `home`, whichever process has started it, and wait for its end; returns whether there was one.

    Raises:
        CloudError: it does not end.
    """
    if not home.exists():
        return False
    with HomeLock(home) as lock:
        if lock.take():
            return False
        holder = lock.holder()
        if holder is not None:
            holder.terminate()
        if not lock.take_within(_END_SECONDS):
            who = f"Kill it: kill -9 {holder.pid}" if holder else f"No process is known that holds {home / 'lock'}"
            raise CloudError(f"The embedded cloud in {home} has not ended within {_END_SECONDS:g} s. {who}")
    return True


def await_answer(server: LeashedProcess, url: str, authority: str | None, deadline: float) -> None:
    """Wait until a server answers a GET request. Its socket is bound before it starts, so one waits there in the queue.

    Args:
        deadline: a time of the monotonic clock.

    Raises:
        OSError, ValueError: the server has ended, or has not answered by the deadline.
    """
    while True:
        try:
            get(url, authority, timeout=deadline - time.monotonic())
            return
        except (OSError, ValueError):
            if server.exit_code() is not None or time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


def get(url: str, authority: str | None, *, timeout: float) -> bytes:
    """The body of the answer to a GET request, sent without the proxy of the caller's environment."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if authority is not None:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority)))
    with urllib.request.build_opener(*handlers).open(url, timeout=max(timeout, 0.1)) as response:
        content: bytes = response.read()
    return content
