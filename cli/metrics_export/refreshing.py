"""When a scrape has the stack read again."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from cli.metrics_export.snapshot import Snapshot

# Seconds between the beginnings of two reads.
EVERY = 60.0
# That a scrape waits for a read. Prometheus gives up after ten.
_PATIENCE = 5.0


class Refresher:
    """The newest snapshot. A read is begun by a scrape alone, so that nothing is paid for while nobody looks.

    Args:
        read: makes a snapshot; it runs in a thread, one at a time.
        clock: seconds, from any moment on.
    """

    def __init__(self, read: Callable[[], Snapshot], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._begun = -EVERY
        self._reading: Future[None] | None = None
        self._snapshot = Snapshot()

    def snapshot(self, patience: float = _PATIENCE) -> Snapshot:
        """Read again if the last read began a minute ago. A later scrape gets what takes longer than `patience`."""
        with self._lock:
            is_over = self._reading is None or self._reading.done()
            if is_over and self._clock() - self._begun >= EVERY:
                self._begun = self._clock()
                self._reading = self._thread.submit(self._refresh)
            reading = self._reading
        wait([reading] if reading else [], timeout=patience)
        return self._snapshot

    def _refresh(self) -> None:
        self._snapshot = self._read()
