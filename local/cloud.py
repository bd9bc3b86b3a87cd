"""The embedded cloud: an AWS endpoint on this machine, and an MLflow server.

    with EmbeddedCloud(Path(".evergreen/cloud")) as cloud:
        subprocess.run(["cdk", "bootstrap"], env={**os.environ, **cloud.environment()})

The endpoint uses TLS with its own certificate, enforces IAM policies, and listens on the loopback interface only.
The cloud's state is lost when it stops, unless it is to be kept: see local/state.
"""

import json
import shutil
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from local import certificates, environments, mlflow_server
from local.errors import CloudError, CloudNotRunning
from local.lock import HomeLock
from local.ports import PortInUse, listen, listen_lasting
from local.processes.leashed import LeashedProcess
from local.running import RECORD, environment_of_running, get, write_record
from local.state.folder import NOT_SAVED, STATE, UNREADABLE, Manifest, StateError, StateFolder

_START_SECONDS = 120.0
# Within which a server that saves its state must have ended. Most save it in less than a second.
_SAVE_SECONDS = 60.0
# All that a cloud writes into its home. Other files there are never deleted.
_FOLDERS = ("tls", "tmp", "jobs", "runtime", "mlflow")
_FILES = (RECORD, "server.log", "mlflow.log")
# What a kept cloud has besides its state: clients trust the certificate, and MLflow's artifacts are files.
_KEPT_FOLDERS = ("tls", "mlflow")
_CHECKOUT = Path(__file__).resolve().parent.parent
_FRESH = "To forget it and start anew: make up FRESH=1, or evergreen up --fresh"


class EmbeddedCloud:
    """Starts and stops the cloud; a context manager.

    Attributes:
        kept: the state that it has come back with; None if it has started anew.
        not_saved: why its state could not be saved when it was stopped; empty if it was.
    """

    def __init__(
        self,
        home: Path,
        *,
        region: str = "us-east-1",
        port: int | None = None,
        keep: bool = False,
        fresh: bool = False,
    ) -> None:
        """
        Args:
            home: the folder for its certificate, logs, MLflow store, job folders and state.
            port: without it, a free one, or the one of the state that is kept.
            keep: whether the cloud comes back with the state that it had when it was stopped.
            fresh: whether it forgets that state first.
        """
        self.home = home.resolve()
        self.region = region
        self.endpoint = ""
        self.tracking_uri = ""
        self.ca_file = self.home / "tls" / "ca.pem"
        self.kept: Manifest | None = None
        self.not_saved = ""
        self._wanted_port = port
        self._keep = keep
        self._fresh = fresh
        self._state = StateFolder(self.home / STATE)
        self._lock = HomeLock(self.home)
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
        """Start both servers, with the state that is kept or without any, and wait until they answer.

        Raises:
            CloudError: a port is taken, another cloud runs in `home`, a server does not start, or the state that is
                kept cannot be used.
        """
        self._take_home()
        deadline = time.monotonic() + _START_SECONDS
        try:
            self._find_kept()
            self._wipe()
            self._start_servers()
            self._await_server(deadline)
            self._await_mlflow(deadline)
        except BaseException:
            self.stop()
            raise
        assert self._server is not None
        write_record(
            self.home,
            pid=self._server.pid,
            endpoint=self.endpoint,
            region=self.region,
            authority=str(self.ca_file),
            tracking_uri=self.tracking_uri,
        )

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
                saved = self.last_save()
                remedy = "All that was in the cloud is lost. Start it anew with: make up"
                if saved:
                    remedy = f"make up brings it back as it was at {time.strftime('%T', time.localtime(saved.saved))}"
                raise CloudError(f"{self._failure(f'{what} has ended with exit code {code}', log)}\n{remedy}")

    def stop(self) -> None:
        """Stop both servers and all processes that they started; may be called again."""
        if not self._lock.is_taken:
            return
        (self.home / RECORD).unlink(missing_ok=True)
        # MLflow first: its database is part of the state that the other saves.
        processes = [process for process in (self._mlflow, self._server) if process is not None]
        for process in processes if not self._keep else []:
            process.terminate()
        for process in processes:
            process.close()
        if self._server is not None and self._server.exit_code() == NOT_SAVED:
            self.not_saved = self._reason()
        self._server = self._mlflow = None
        self._lock.release()

    def starts_anew(self) -> bool:
        """Whether there is no state that the next start comes back with."""
        return self._fresh or self.last_save() is None

    def last_save(self) -> Manifest | None:
        """The state that the next start comes back with; None if there is none."""
        try:
            return self._state.manifest() if self._keep else None
        except StateError:
            return None

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

    def _take_home(self) -> None:
        """Take the lock of the home. One that starts or ends at this moment is waited for."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._lock.take():
            try:
                running = environment_of_running(self.home)["AWS_ENDPOINT_URL"]
            except CloudNotRunning:
                if time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                running = "an address that does not answer"
            raise CloudError(
                f"An embedded cloud already runs in {self.home} at {running}. "
                "Stop it first: make down, or Ctrl-C where it runs."
            )

    def _find_kept(self) -> None:
        if not self._keep or self._fresh:
            return
        try:
            self.kept = self._state.manifest()
        except StateError as error:
            raise self._unusable(error) from error
        if not self.kept:
            return
        for name, wanted in (("region", self.region), ("port", self._wanted_port)):
            if wanted not in (None, self.kept.facts[name]):
                found = self.kept.facts[name]
                raise CloudError(f"The kept cloud's addresses hold its {name} {found}, and not {wanted}. {_FRESH}")

    def _wipe(self) -> None:
        """Remove what the last cloud has left, except what is kept."""
        if not self.kept:
            self._state.forget()
        for name in _FOLDERS:
            if not (self.kept and name in _KEPT_FOLDERS):
                shutil.rmtree(self.home / name, ignore_errors=True)
        for name in _FILES:
            (self.home / name).unlink(missing_ok=True)
        for name in _FOLDERS:
            (self.home / name).mkdir(exist_ok=True)
        if self.kept:
            try:
                mlflow_server.put_database(self.home, self._state.file(self.kept, mlflow_server.DATABASE))
            except StateError as error:
                raise self._unusable(error) from error

    def _start_servers(self) -> None:
        issued = certificates.issue(self.home / "tls", self.region)
        # The socket is bound here and passed to the server, so that no other program can take the port in between.
        with self._listen("port") as listener:
            port = listener.getsockname()[1]
            with self._listen("mlflow_port") as other:
                mlflow_port = other.getsockname()[1]
            self.endpoint = f"https://localhost:{port}"
            self.tracking_uri = f"http://127.0.0.1:{mlflow_port}"
            facts = {"region": self.region, "port": port, "mlflow_port": mlflow_port}
            settings = environments.server(
                port=port,
                region=self.region,
                home=self.home,
                authority=issued.authority,
                certificate=issued.certificate,
                key=issued.key,
            )
            descriptors = listener.fileno(), self._lock.descriptor
            command = [sys.executable, "-m", "local.server", "--home", str(self.home)]
            command += ["--socket", str(descriptors[0]), "--lock", str(descriptors[1])]
            with (self.home / "server.log").open("wb") as log:
                self._server = LeashedProcess(
                    [*command, *(["--keep", json.dumps(facts)] if self._keep else [])],
                    environment=settings,
                    cwd=_CHECKOUT,
                    output=log,
                    grace=_SAVE_SECONDS if self._keep else 5.0,
                    pass_fds=descriptors,
                )
        self._start_mlflow(mlflow_port)

    def _listen(self, which: str) -> socket.socket:
        """A socket on the port that the cloud must have, or on a free one."""
        wanted = self.kept.facts[which] if self.kept else self._wanted_port if which == "port" else None
        try:
            return listen_lasting() if self._keep and not wanted else listen(wanted)
        except PortInUse as error:
            remedy = "Stop the program that listens there, or choose another port or none."
            if self.kept:
                remedy = f"The kept cloud's addresses hold it: stop the program that listens there. {_FRESH}"
            raise CloudError(f"{error} {remedy}") from error

    def _start_mlflow(self, port: int) -> None:
        with (self.home / "mlflow.log").open("wb") as log:
            self._mlflow = mlflow_server.start(self.home, port, log)

    def _await_server(self, deadline: float) -> None:
        """The listening socket exists already, so one request waits in its queue until the server accepts it."""
        assert self._server is not None
        while True:
            try:
                get(self.endpoint + "/_ministack/ready", str(self.ca_file), timeout=deadline - time.monotonic())
                return
            except (OSError, ValueError) as error:
                if self._server.exit_code() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                if self._server.exit_code() == UNREADABLE:
                    raise self._unusable(self._reason()) from error
                raise CloudError(self._failure("The embedded cloud's server did not start", "server.log")) from error

    def _await_mlflow(self, deadline: float) -> None:
        assert self._mlflow is not None
        while True:
            try:
                get(self.tracking_uri + "/health", None, timeout=5)
                return
            except (OSError, ValueError) as error:
                if self._mlflow.exit_code() is None and time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                # The port was free when it was chosen, but MLflow binds it some seconds later. One that is kept stays.
                if b"address already in use" in (self.home / "mlflow.log").read_bytes() and not self._keep:
                    self._mlflow.close()
                    with listen(None) as listener:
                        port = listener.getsockname()[1]
                    self.tracking_uri = f"http://127.0.0.1:{port}"
                    self._start_mlflow(port)
                    continue
                raise CloudError(self._failure("The MLflow server did not start", "mlflow.log")) from error

    def _unusable(self, reason: object) -> CloudError:
        return CloudError(f"The state in {self.home / STATE} cannot be used: {reason}. {_FRESH}")

    def _failure(self, what: str, log: str) -> str:
        tail = (self.home / log).read_text(errors="replace").splitlines()[-20:]
        return "\n".join([f"{what}. The end of {self.home / log}:", *tail])

    def _reason(self) -> str:
        """The last line of the server's log: why it could not read its state, or save it."""
        lines = (self.home / "server.log").read_text(errors="replace").splitlines()
        return lines[-1] if lines else f"see {self.home / 'server.log'}"
