"""The cloud's MLflow server: a process with its database and artifacts in the cloud's home."""

import socket
import sys
from pathlib import Path

from local import environments
from local.errors import CloudError, with_log
from local.processes.leashed import LeashedProcess
from local.running import await_answer

LOG = "mlflow.log"
DATABASE = "mlflow.db"
# Files that SQLite keeps beside a database; they belong to the one that is replaced.
_BESIDE = ("-wal", "-shm", "-journal")


class MlflowServer:
    """The server of `home`, which `start` starts. Its clients may call it from the beginning: they wait for its answer.

    Args:
        listener: the socket on which it listens; `start` or `close` closes it here.
        lock: descriptor of the lock of the home, which is held as long as the server runs.
    """

    def __init__(self, home: Path, listener: socket.socket, *, lock: int) -> None:
        self._home = home
        self._listener = listener
        self._lock = lock
        self.uri = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.process: LeashedProcess | None = None

    def start(self) -> None:
        with self._listener, (self._home / LOG).open("wb") as log:
            self.process = LeashedProcess(
                command(self._home, self._listener.fileno()),
                environment=environments.mlflow(self._home),
                cwd=self._home / "mlflow",
                output=log,
                pass_fds=[self._listener.fileno(), self._lock],
            )

    def terminate(self) -> None:
        """Ask it to end, and return at once."""
        if self.process is not None:
            self.process.terminate()

    def close(self) -> None:
        """End it; may be called again, and before it was started."""
        self._listener.close()
        if self.process is not None:
            self.process.close()

    def exit_code(self) -> int | None:
        """None while it runs, and before it was started."""
        return self.process.exit_code() if self.process is not None else None

    def await_ready(self, deadline: float) -> None:
        """
        Raises:
            CloudError: it has ended, or does not answer until the deadline, a time of the monotonic clock.
        """
        assert self.process is not None
        try:
            await_answer(self.process, f"{self.uri}/health", None, deadline)
        except (OSError, ValueError) as error:
            raise CloudError(with_log("The MLflow server did not start", self._home / LOG)) from error


def command(home: Path, descriptor: int) -> list[str]:
    """What runs the server on the socket with this descriptor."""
    folder = home / "mlflow"
    stores = ["--database", str(folder / DATABASE), "--artifacts", str(folder / "artifacts")]
    return [sys.executable, "-m", "local.mlflow_app", "--socket", str(descriptor), *stores]


def put_database(home: Path, content: bytes | None) -> None:
    """Have this database at the next start, or none. Artifacts of runs that it does not know stay where they are."""
    file = home / "mlflow" / DATABASE
    for suffix in ("", *_BESIDE):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    if content:
        file.write_bytes(content)
