"""The embedded cloud: an AWS endpoint on this machine, and an MLflow server.

    with EmbeddedCloud(Path(".evergreen/cloud")) as cloud:
        subprocess.run(["cdk", "bootstrap"], env={**os.environ, **cloud.environment()})

The endpoint uses TLS with its own certificate, enforces IAM policies, and listens on the loopback interface only.
The cloud's state is lost when it stops, unless it is to be kept: see local/state.
"""

import contextlib
import json
import shutil
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from local import certificates, environments, mlflow_server
from local.errors import CloudError, CloudNotRunning, with_log
from local.lock import HomeLock
from local.mlflow_server import MlflowServer
from local.ports import PortInUse, listen, listen_lasting
from local.processes.leashed import LeashedProcess
from local.running import RECORD, await_answer, environment_of_running, write_record
from local.state.folder import NOT_SAVED, STATE, UNREADABLE, Manifest, StateError, StateFolder

_START_SECONDS = 120.0
# Within which a server that saves its state must have ended. Most save it in less than a second.
_SAVE_SECONDS = 60.0
# All that a cloud writes into its home. Other files there are never deleted.
_FOLDERS = ("tls", "tmp", "jobs", "runtime", "mlflow")
_LOG = "server.log"
_FILES = (RECORD, _LOG, mlflow_server.LOG)
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
        save_seconds: float = 60.0,
    ) -> None:
        """
        Args:
            home: the folder for its certificate, logs, MLflow store, job folders and state.
            port: without it, a free one, or the one of the state that is kept.
            keep: whether the cloud comes back with the state that it had when it was stopped.
            fresh: whether it forgets that state first.
            save_seconds: between two saves of what is kept, for the case of a crash.
        """
        self.home = home.resolve()
        self.region = region
        self.endpoint = ""
        self.ca_file = self.home / "tls" / "ca.pem"
        self.kept: Manifest | None = None
        self.not_saved = ""
        self._wanted_port = port
        self._keep = keep
        self._fresh = fresh
        self._save_seconds = save_seconds
        self._state = StateFolder(self.home / STATE)
        self._lock = HomeLock(self.home)
        self._server: LeashedProcess | None = None
        self._mlflow: MlflowServer | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *, with_mlflow: bool = True) -> None:
        """Start both servers, with the state that is kept or without any, and wait until they answer.

        Args:
            with_mlflow: False if `start_mlflow` and `await_mlflow` are called later. Until then its clients wait.

        Raises:
            CloudError: a port is taken, another cloud runs in `home`, a server does not start, or the state that is
                kept cannot be used.
        """
        self._take_home()
        deadline = time.monotonic() + _START_SECONDS
        try:
            self._find_kept()
            self._wipe()
            server = self._start_server()
            if with_mlflow:
                self.start_mlflow()
            self._await(server, deadline)
            if with_mlflow:
                self.await_mlflow()
        except BaseException:
            self.stop()
            raise
        write_record(
            self.home,
            pid=server.pid,
            endpoint=self.endpoint,
            region=self.region,
            authority=str(self.ca_file),
            tracking_uri=self.tracking_uri,
        )

    def start_mlflow(self) -> None:
        """Start the MLflow server, which takes several times as long as the other."""
        assert self._mlflow is not None
        self._mlflow.start()

    def await_mlflow(self) -> None:
        """Wait until the MLflow server answers.

        Raises:
            CloudError: it does not.
        """
        assert self._mlflow is not None
        self._mlflow.await_ready(time.monotonic() + _START_SECONDS)

    def raise_if_dead(self) -> None:
        """
        Raises:
            CloudError: one of the two servers has ended.
        """
        for process, what, log in (
            (self._server, "The embedded cloud's server", _LOG),
            (self._mlflow, "The MLflow server", mlflow_server.LOG),
        ):
            if process is not None and (code := process.exit_code()) is not None:
                saved = self.last_save()
                remedy = "All that was in the cloud is lost. Start it anew with: make up"
                if saved:
                    remedy = f"make up brings it back as it was at {time.strftime('%T', time.localtime(saved.saved))}"
                said = with_log(f"{what} has ended with exit code {code}", self.home / log)
                raise CloudError(f"{said}\n{remedy}")

    def stop(self) -> None:
        """Stop both servers and all processes that they started; may be called again."""
        if not self._lock.is_taken:
            return
        (self.home / RECORD).unlink(missing_ok=True)
        # MLflow first: its database is part of the state that the other saves.
        running = [process for process in (self._mlflow, self._server) if process is not None]
        if not self._keep:
            for process in running:
                process.terminate()
        for process in running:
            process.close()
        if self._server is not None and self._server.exit_code() == NOT_SAVED:
            self.not_saved = self._reason()
        self._server = self._mlflow = None
        self._lock.release()

    @property
    def tracking_uri(self) -> str:
        """The address of the MLflow server; empty while there is none."""
        return self._mlflow.uri if self._mlflow else ""

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
        """Take the lock of the home. A cloud that starts or ends at this moment is waited for."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._lock.take():
            running = "an address that does not answer"
            with contextlib.suppress(CloudNotRunning):
                running = environment_of_running(self.home)["AWS_ENDPOINT_URL"]
            holder = self._lock.holder()
            is_ready = holder is not None and holder.is_owner and running.startswith("https:")
            if not is_ready and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
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

    def _start_server(self) -> LeashedProcess:
        issued = certificates.issue(self.home / "tls", self.region)
        # The sockets are bound here and passed to the servers, so that no other program can take a port in between.
        with self._listen("port") as listener:
            mlflow_listener = self._listen("mlflow_port")
            self._mlflow = MlflowServer(self.home, mlflow_listener, lock=self._lock.descriptor)
            port, mlflow_port = listener.getsockname()[1], mlflow_listener.getsockname()[1]
            self.endpoint = f"https://localhost:{port}"
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
            keeping = ["--keep", json.dumps(facts), "--save-seconds", str(self._save_seconds)]
            with (self.home / _LOG).open("wb") as log:
                self._server = LeashedProcess(
                    [*command, *(keeping if self._keep else [])],
                    environment=settings,
                    cwd=_CHECKOUT,
                    output=log,
                    grace=_SAVE_SECONDS if self._keep else 5.0,
                    pass_fds=descriptors,
                )
        return self._server

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

    def _await(self, server: LeashedProcess, deadline: float) -> None:
        try:
            await_answer(server, f"{self.endpoint}/_ministack/ready", str(self.ca_file), deadline)
        except (OSError, ValueError) as error:
            if server.exit_code() == UNREADABLE:
                raise self._unusable(self._reason()) from error
            raise CloudError(with_log("The embedded cloud's server did not start", self.home / _LOG)) from error

    def _unusable(self, reason: object) -> CloudError:
        return CloudError(f"The state in {self.home / STATE} cannot be used: {reason}. {_FRESH}")

    def _reason(self) -> str:
        """The last line of the server's log: why it could not read its state, or save it."""
        lines = (self.home / _LOG).read_text(errors="replace").splitlines()
        return lines[-1] if lines else f"see {self.home / _LOG}"
