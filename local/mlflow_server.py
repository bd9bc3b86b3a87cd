"""The cloud's MLflow server: a process with its database and artifacts in the cloud's home."""

import sys
from pathlib import Path
from typing import IO

from local import environments
from local.processes.leashed import LeashedProcess

# Files that SQLite keeps beside a database; they belong to the one that is replaced.
_BESIDE = ("-wal", "-shm", "-journal")
DATABASE = "mlflow.db"


def start(home: Path, port: int, log: IO[bytes]) -> LeashedProcess:
    folder = home / "mlflow"
    store = ["--backend-store-uri", f"sqlite:///{folder / DATABASE}"]
    artifacts = ["--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")]
    address = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return LeashedProcess(
        [sys.executable, "-m", "mlflow", "server", *store, *artifacts, *address],
        environment=environments.mlflow(home),
        cwd=folder,
        output=log,
    )


def put_database(home: Path, content: bytes | None) -> None:
    """Have this database at the next start, or none. Artifacts of runs that it does not know stay where they are."""
    file = home / "mlflow" / DATABASE
    for suffix in ("", *_BESIDE):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    if content:
        file.write_bytes(content)
