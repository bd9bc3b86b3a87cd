"""The embedded cloud: an AWS endpoint on this machine, and an MLflow server.

    with EmbeddedCloud(Path(".evergreen/cloud")) as cloud:
        subprocess.run(["cdk", "bootstrap"], env={**os.environ, **cloud.environment()})

The endpoint uses TLS with its own certificate, enforces IAM policies, and listens on the loopback interface only.
The cloud's state is lost when it stops.
"""

import json
import os
import shutil
import socket
import ssl
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from local import certificates, environments
from local.processes.leashed import LeashedProcess

_START_SECONDS = 120.0
# All that a cloud writes into its home. Other files there are never deleted.
_FOLDERS = ("tls", "tmp", "jobs", "runtime", "mlflow")
_FILES = ("cloud.json", "server.log", "mlflow.log")
_CHECKOUT = Path(__file__).resolve().parent.parent


class CloudError(RuntimeError):
    """The embedded cloud did not start; the message states the cause and the remedy."""


class CloudNotRunning(RuntimeError):
    """A command needs the embedded cloud, but no cloud answers."""

    def __init__(self) -> None:
        super().__init__("No embedded cloud is running. Start it with: make up")


class EmbeddedCloud:
    """Starts and stops the cloud; a context manager.

    `home` is the folder for its certificate, logs, MLflow store and job folders. Without `port`, a free port is used.
    """

    def __init__(self, home: Path, *, region: str = "us-east-1", port: int | None = None) -> None:
        self.home = home.resolve()
        self.region = region
        self.endpoint = ""
        self.tracking_uri = ""
        self.ca_file = self.home / "tls" / "ca.pem"
        self._wanted_port = port
        self._server: LeashedProcess | None = None
        self._mlflow: LeashedProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Delete the state of the last cloud in `home`, start both servers and wait until they answer.

        Raises:
            CloudError: the port is taken, another cloud runs in `home`, or a server does not start.
        """
        self._refuse_second_cloud()
        self._wipe()
        deadline = time.monotonic() + _START_SECONDS
        try:
            self._start_server()
            self._start_mlflow()
            self._await_server(deadline)
            self._await_mlflow(deadline)
        except BaseException:
            self.stop()
            raise
        self._write_record()

    def raise_if_dead(self) -> None:
        """
        Raises:
            CloudError: one of the two servers has ended.
        """
        for process, what, log in (
            (self._server, "The embedded cloud's server", "server.log"),
            (self._mlflow, "The MLflow server", "mlflow.log"),
        ):
            if process is not None and (code := process.exit_code()) is not None:
                remedy = "All that was in the cloud is lost. Start it anew with: make up"
                raise CloudError(f"{self._failure(f'{what} has ended with exit code {code}', log)}\n{remedy}")

    def stop(self) -> None:
        """Stop both servers and all processes that they started; may be called again."""
        (self.home / "cloud.json").unlink(missing_ok=True)
        processes = [process for process in (self._server, self._mlflow) if process is not None]
        self._server = self._mlflow = None
        for process in processes:
            process.terminate()
        for process in processes:
            process.close()

    def environment(self) -> dict[str, str]:
        """The environment variables of a client process of this cloud.

        That process must not inherit AWS_PROFILE or AWS_SESSION_TOKEN, which take precedence over the keys given here.
        """
        return environments.client(
            endpoint=self.endpoint,
            region=self.region,
            authority=str(self.ca_file),
            tracking_uri=self.tracking_uri,
        )

    @classmethod
    def environment_of_running(cls, home: Path) -> dict[str, str]:
        """`environment()` of the cloud that another process runs in `home`.

        Raises:
            CloudNotRunning: no cloud runs in `home`.
        """
        try:
            record = json.loads((home / "cloud.json").read_text())
            os.kill(record["pid"], 0)
            _get(record["endpoint"] + "/_ministack/health", record["authority"], timeout=10)
        except (OSError, ValueError, KeyError):
            raise CloudNotRunning from None
        return environments.client(
            **{name: record[name] for name in ("endpoint", "region", "authority", "tracking_uri")}
        )

    def _refuse_second_cloud(self) -> None:
        try:
            running = self.environment_of_running(self.home)
        except CloudNotRunning:
            return
        raise CloudError(
            f"An embedded cloud already runs in {self.home} at {running['AWS_ENDPOINT_URL']}. Stop it first (Ctrl-C)."
        )

    def _wipe(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        for name in _FOLDERS:
            shutil.rmtree(self.home / name, ignore_errors=True)
        for name in _FILES:
            (self.home / name).unlink(missing_ok=True)
        for name in _FOLDERS:
            (self.home / name).mkdir()

    def _start_server(self) -> None:
        issued = certificates.issue(self.home / "tls", self.region)
        # The socket is bound here and passed to the server, so that no other program can take the port in between.
        with _listen(self._wanted_port) as listener:
            port = listener.getsockname()[1]
            self.endpoint = f"https://localhost:{port}"
            settings = environments.server(
                port=port,
                region=self.region,
                home=self.home,
                authority=issued.authority,
                certificate=issued.certificate,
                key=issued.key,
            )
            with (self.home / "server.log").open("wb") as log:
                self._server = LeashedProcess(
                    [
                        sys.executable,
                        "-m",
                        "local.server",
                        "--socket",
                        str(listener.fileno()),
                        "--home",
                        str(self.home),
                    ],
                    environment=settings,
                    cwd=_CHECKOUT,
                    output=log,
                    pass_fds=[listener.fileno()],
                )

    def _start_mlflow(self) -> None:
        with _listen(None) as listener:
            port = listener.getsockname()[1]
        self.tracking_uri = f"http://127.0.0.1:{port}"
        folder = self.home / "mlflow"
        store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        artifacts = ["--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")]
        address = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        with (self.home / "mlflow.log").open("wb") as log:
            self._mlflow = LeashedProcess(
                [sys.executable, "-m", "mlflow", "server", *store, *artifacts, *address],
                environment=environments.mlflow(self.home),
                cwd=folder,
                output=log,
            )

    def _await_server(self, deadline: float) -> None:
        """The listening socket exists already, so one request waits in its queue until the server accepts it."""
        assert self._server is not None
        while True:
            try:
                _get(self.endpoint + "/_ministack/ready", str(self.ca_file), timeout=deadline - time.monotonic())
                return
            except (OSError, ValueError) as error:
                if self._server.exit_code() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                raise CloudError(self._failure("The embedded cloud's server did not start", "server.log")) from error

    def _await_mlflow(self, deadline: float) -> None:
        assert self._mlflow is not None
        while True:
            try:
                _get(self.tracking_uri + "/health", None, timeout=5)
                return
            except (OSError, ValueError) as error:
                if self._mlflow.exit_code() is None and time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                # The port was free when it was chosen, but MLflow binds it some seconds later.
                if b"address already in use" in (self.home / "mlflow.log").read_bytes():
                    self._mlflow.close()
                    self._start_mlflow()
                    continue
                raise CloudError(self._failure("The MLflow server did not start", "mlflow.log")) from error

    def _failure(self, what: str, log: str) -> str:
        tail = (self.home / log).read_text(errors="replace").splitlines()[-20:]
        return "\n".join([f"{what}. The end of {self.home / log}:", *tail])

    def _write_record(self) -> None:
        assert self._server is not None
        record = {
            "pid": self._server.pid,
            "endpoint": self.endpoint,
            "region": self.region,
            "authority": str(self.ca_file),
            "tracking_uri": self.tracking_uri,
        }
        (self.home / "cloud.json").write_text(json.dumps(record, indent=2))


def _listen(port: int | None) -> socket.socket:
    """A listening socket on the loopback interface; on a free port if `port` is None.

    Raises:
        CloudError: the port is in use.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # The port of a cloud that has just stopped still has connections in TIME_WAIT.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port or 0))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise CloudError(
            f"Port {port} is in use on 127.0.0.1 ({error.strerror}). "
            "Stop the program that listens there, or choose another port or none."
        ) from error
    return listener


def _get(url: str, authority: str | None, *, timeout: float) -> bytes:
    """The body of the answer to a GET request, sent without the proxy of the caller's environment."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if authority is not None:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority)))
    with urllib.request.build_opener(*handlers).open(url, timeout=max(timeout, 0.1)) as response:
        return response.read()
