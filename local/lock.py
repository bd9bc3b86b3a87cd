"""The lock of a cloud's home: held as long as any process of its cloud runs, by whatever way the others have ended."""

import contextlib
import fcntl
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_POLL_SECONDS = 0.1
# Files are dated more coarsely than processes.
_SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class Holder:
    """The process that has started the cloud, or its server if that one has ended: the server ends too, or is lost."""

    pid: int
    is_owner: bool

    def terminate(self) -> None:
        """Ask it to end, also if it has been suspended by Ctrl-Z."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
            os.kill(self.pid, signal.SIGCONT)


class HomeLock:
    """A lock on an open file, which child processes inherit. The file names who took it, and the server."""

    def __init__(self, home: Path) -> None:
        self._file = home / "lock"
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        assert self._descriptor is not None
        return self._descriptor

    @property
    def is_taken(self) -> bool:
        """Whether this object has it."""
        return self._descriptor is not None

    def take(self) -> bool:
        """Take the lock for this process and those that inherit it; returns whether nobody had it."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        _write(descriptor, {"owner": os.getpid()})
        return True

    def take_within(self, seconds: float) -> bool:
        """Take it as soon as nobody has it; returns whether that was in time."""
        deadline = time.monotonic() + seconds
        while not self.take():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def release(self) -> None:
        """Let go of it; processes that have inherited it keep it. May be called again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @classmethod
    def join(cls, descriptor: int) -> None:
        """Write this process into the file as the server, with the descriptor that it has inherited."""
        record = json.loads(os.pread(descriptor, 1000, 0))
        _write(descriptor, {**record, "server": os.getpid()})

    def holder(self) -> Holder | None:
        """Who can be asked to end; None if that process is not known."""
        # Not at the top: every command imports this module.
        import psutil

        try:
            record, written = json.loads(self._file.read_text()), self._file.stat().st_mtime
        except (OSError, ValueError):
            return None
        for role in ("owner", "server"):
            pid = record.get(role)
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                # Else it is another process, which has got the number since.
                is_same = pid and process.create_time() < written + _SLACK_SECONDS
                if is_same and process.status() != psutil.STATUS_ZOMBIE:
                    return Holder(pid, is_owner=role == "owner")
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _write(descriptor: int, record: dict[str, int]) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(record).encode(), 0)
