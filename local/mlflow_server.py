"""The cloud's MLflow server: a process with its database and artifacts in the cloud's home."""

import sys
import time
from pathlib import Path

from local import environments
from local.errors import CloudError, with_log
from local.ports import listen
from local.processes.leashed import LeashedProcess
from local.running import get

LOG = "mlflow.log"
DATABASE = "mlflow.db"
# Files that SQLite keeps beside a database; they belong to the one that is replaced.
_BESIDE = ("-wal", "-shm", "-journal")


class MlflowServer:
    """Starts the server in `home`.

    Args:
        lock: descriptor of the lock of the home, which is held as long as the server runs.
        lasting: whether it must have this port and no other.
    """

    def __init__(self, home: Path, port: int, *, lock: int, lasting: bool) -> None:
        self._home = home
        self._lock = lock
        self._lasting = lasting
        self._start(port)

    @property
    def process(self) -> LeashedProcess:
        return self._process

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def await_ready(self, deadline: float) -> None:
        """
        Raises:
            CloudError: it has ended, or does not answer until the deadline, a time of the monotonic clock.
        """
        while True:
            try:
                get(self.uri + "/health", None, timeout=5)
                return
            except (OSError, ValueError) as error:
                if self._process.exit_code() is None and time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                # The port was free when it was chosen, but MLflow binds it some seconds later.
                if b"address already in use" in (self._home / LOG).read_bytes() and not self._lasting:
                    self._process.close()
                    with listen(None) as listener:
                        port = listener.getsockname()[1]
                    self._start(port)
                    continue
                raise CloudError(with_log("The MLflow server did not start", self._home / LOG)) from error

    def _start(self, port: int) -> None:
        self._port = port
        with (self._home / LOG).open("wb") as log:
            self._process = LeashedProcess(
                command(self._home, port),
                environment=environments.mlflow(self._home),
                cwd=self._home / "mlflow",
                output=log,
                pass_fds=[self._lock],
            )


def command(home: Path, port: int) -> list[str]:
    """What runs the server."""
    folder = home / "mlflow"
    store = ["--backend-store-uri", f"sqlite:///{folder / DATABASE}"]
    artifacts = ["--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")]
    address = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return [sys.executable, "-m", "mlflow", "server", *store, *artifacts, *address]


def put_database(home: Path, content: bytes | None) -> None:
    """Have this database at the next start, or none. Artifacts of runs that it does not know stay where they are."""
    file = home / "mlflow" / DATABASE
    for suffix in ("", *_BESIDE):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    if content:
        file.write_bytes(content)
