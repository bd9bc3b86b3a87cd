"""A SageMaker job: a thread that downloads, runs a subprocess and uploads, and a status."""

import contextvars
import os
import secrets
import shutil
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from evergreen.number_text import counted
from local import engine, environments
from local.processes.job_logs import JobLog
from local.processes.job_storage import JobStorage, StorageError
from local.processes.leashed import LeashedProcess

# SageMaker gives a stopped job 120 s between SIGTERM and SIGKILL.
_GRACE_SECONDS = 5.0
REASON_CHARACTERS = 1024
_DEFAULT_MAX_RUNTIME_SECONDS = 86400
_RUNNING = ("InProgress", "Stopping")
# What a job is after it has ended.
_RECORDED = (
    *("name", "request", "region", "arn", "status", "failure_reason"),
    *("created", "modified", "started", "ended", "transitions", "exit_message"),
)
# Hides the editable install of this repository from jobs: a module that the archive lacks must be missing here too.
_SITE = Path(__file__).with_name("job_site")


@dataclass(frozen=True)
class Command:
    """The command of a job, its folder, and its environment without the credentials and the cloud's address."""

    arguments: list[str]
    cwd: Path
    environment: dict[str, str] = field(default_factory=dict)


class Job(ABC):
    """One job. `done` is set when its status is final."""

    kind: ClassVar[str]  # "training" or "processing"
    exit_message = ""  # what the container has written for the answer of Describe, if its kind does

    def __init__(self, name: str, request: dict[str, Any], folder: Path) -> None:
        self.name = name
        self.request = request
        self.base = folder
        self.region = engine.REGION()
        self.arn = f"arn:aws:sagemaker:{self.region}:{engine.ACCOUNT_ID()}:{self.kind}-job/{name}"
        self.status = "InProgress"
        self.failure_reason = ""
        self.created = self.modified = time.time()
        self.started: float | None = None
        self.ended: float | None = None
        self.transitions: list[dict[str, Any]] = []
        self.done = threading.Event()
        self._lock = threading.Lock()
        self._process: LeashedProcess | None = None
        self._stop_requested = False
        self._timed_out = False

    @abstractmethod
    def prepare(self, storage: JobStorage) -> Command:
        """Fill `base` with the files of the container, and return the command. Raises StorageError."""

    @abstractmethod
    def publish(self, storage: JobStorage) -> None:
        """Upload the job's results from `base`. Raises StorageError."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The answer of the Describe operation; times in seconds since the epoch."""

    @abstractmethod
    def reason_of_exit(self, code: int) -> str:
        """The FailureReason of a command that has ended with a code other than 0."""

    def record(self) -> dict[str, Any]:
        """What is kept of the job while no cloud runs."""
        with self._lock:
            return {name: getattr(self, name) for name in _RECORDED} | {"transitions": [*map(dict, self.transitions)]}

    def restore(self, record: dict[str, Any]) -> None:
        """Become the job of a record. One that ran has been stopped with its cloud."""
        for name in _RECORDED:
            setattr(self, name, record[name])
        if self.status in _RUNNING:
            self.enter("Stopped", "The embedded cloud was stopped", status="Stopped")
            self.transitions[-1]["EndTime"] = self.ended = self.modified
        self.done.set()

    def keep(self) -> None:
        """Read what `describe` tells of the files in `base`, which are about to be deleted."""
        return

    def start(self) -> None:
        """Run the job in a thread of its own."""
        # The context holds the account and region of the request.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._run,), name=f"job-{self.name}", daemon=True).start()

    def stop(self) -> None:
        """Ask the job to end; `done` is set when it has. No effect on a job that has ended."""
        with self._lock:
            if self.status not in _RUNNING:
                return
            self._stop_requested = True
            self.enter("Stopping", status="Stopping")
            if self._process is not None:
                self._process.terminate()

    def enter(self, phase: str, message: str = "", *, status: str | None = None) -> None:
        """Record a secondary status, which the Describe answer of training jobs contains."""
        now = self.modified = time.time()
        if self.transitions:
            self.transitions[-1]["EndTime"] = now
        self.transitions.append({"Status": phase, "StartTime": now, "StatusMessage": message or phase})
        if status is not None:
            self.status = status

    @property
    def max_runtime(self) -> float:
        """The time limit of the job, in seconds."""
        return float(self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DEFAULT_MAX_RUNTIME_SECONDS))

    def _run(self) -> None:
        self.enter("Starting")
        try:
            credentials = _role_session(self.request["RoleArn"])
            storage = JobStorage(
                endpoint=os.environ["AWS_ENDPOINT_URL"],
                authority=os.environ["AWS_CA_BUNDLE"],
                region=self.region,
                credentials=credentials,
            )
            self.enter("Downloading")
            command = self.prepare(storage)
            code = self._execute(command, credentials)
            if self._stop_requested or self._timed_out:
                self._finish_stopped()
            elif code == 0:
                self.enter("Uploading")
                self.publish(storage)
                self._finish("Completed", "Completed")
            else:
                self._finish("Failed", "Failed", self.reason_of_exit(code))
        except StorageError as error:
            self._finish("Failed", "Failed", str(error))
        except Exception as error:
            # A bug in the embedded cloud must not make callers wait for `done` for ever.
            self._finish("Failed", "Failed", f"InternalServerError: {error!r}")
            raise

    def _execute(self, command: Command, credentials: dict[str, str]) -> int:
        """Run the command to its end, and return its exit code."""
        environment = environments.workload(credentials, region=self.region)
        environment |= {"SAGEMAKER_BASE_DIR": str(self.base)} | command.environment
        python_path = [environment.get("PYTHONPATH"), str(_SITE)]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, python_path))
        log = JobLog(self.kind, self.name)
        with self._lock:
            if self._stop_requested:
                return 0
            self.started = time.time()
            self.enter("Training")
            program = shutil.which(command.arguments[0], path=environment["PATH"]) or command.arguments[0]
            self._process = process = LeashedProcess(
                [program, *command.arguments[1:]],
                environment=environment,
                cwd=command.cwd,
                output=subprocess.PIPE,
                grace=_GRACE_SECONDS,
            )
        timer = threading.Timer(self.max_runtime, self._time_out)
        timer.daemon = True
        timer.start()
        try:
            for raw in process.output:
                log.write(raw.decode(errors="replace").rstrip("\n"))
            return process.wait()
        finally:
            timer.cancel()
            process.close()
            log.close()
            self.ended = time.time()

    def _time_out(self) -> None:
        with self._lock:
            if self._process is not None:
                self._timed_out = True
                self._process.terminate()

    def _finish_stopped(self) -> None:
        if self._timed_out and not self._stop_requested:
            self._finish(
                "Stopped", "MaxRuntimeExceeded", f"The job ran longer than {counted(int(self.max_runtime), 'second')}"
            )
        else:
            self._finish("Stopped", "Stopped")

    def _finish(self, status: str, phase: str, reason: str = "") -> None:
        self.keep()
        # As an instance's disk: what the job did not upload is gone. Its packages alone are 170 MB.
        shutil.rmtree(self.base, ignore_errors=True)
        with self._lock:
            self.ended = self.ended or time.time()
            self.failure_reason = reason[:REASON_CHARACTERS]
            self.enter(phase, self.failure_reason, status=status)
            self.transitions[-1]["EndTime"] = self.modified
        self.done.set()


class JobStore:
    """All jobs of the cloud."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: dict[tuple[str, str], Job] = {}
        self._lock = threading.Lock()

    def create(self, kind: type[Job], name: str, request: dict[str, Any]) -> Job:
        """Start a job. Raises KeyError if a job of this kind and name exists."""
        with self._lock:
            if (kind.kind, name) in self._jobs:
                raise KeyError(name)
            base = self._folder / kind.kind / name
            base.mkdir(parents=True)
            job = self._jobs[kind.kind, name] = kind(name, request, base)
        job.start()
        return job

    def get(self, kind: type[Job], name: str) -> Job:
        """The job of this kind and name. Raises KeyError if there is none."""
        return self._jobs[kind.kind, name]

    def all(self, kind: type[Job]) -> list[Job]:
        """All jobs of this kind, the newest first."""
        with self._lock:
            return [job for (of_kind, _), job in reversed(self._jobs.items()) if of_kind == kind.kind]

    def running(self) -> list[Job]:
        """The jobs that have not ended."""
        with self._lock:
            return [job for job in self._jobs.values() if not job.done.is_set()]

    def records(self) -> list[dict[str, Any]]:
        """What is kept of all jobs, in their order."""
        with self._lock:
            return [{"kind": kind, **job.record()} for (kind, _), job in self._jobs.items()]

    def restore(self, kinds: Iterable[type[Job]], records: Iterable[dict[str, Any]]) -> None:
        """Have the jobs of these records, which do not run.

        Args:
            kinds: all that the records may be of.
        """
        by_name = {kind.kind: kind for kind in kinds}
        for record in records:
            kind, name = record["kind"], record["name"]
            job = by_name[kind](name, record["request"], self._folder / kind / name)
            job.restore(record)
            self._jobs[kind, name] = job

    def stop_all(self) -> None:
        """Stop every job and wait until all have ended."""
        stopping = self.running()
        for job in stopping:
            job.stop()
        for job in stopping:
            job.done.wait(_GRACE_SECONDS)


def _role_session(role_arn: str) -> dict[str, str]:
    """Credentials of a new session of the role, which the cloud's STS accepts."""
    role = role_arn.rsplit("/", 1)[-1]
    credentials = {
        "AWS_ACCESS_KEY_ID": "ASIA" + secrets.token_hex(8).upper(),
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20),
        "AWS_SESSION_TOKEN": secrets.token_hex(32),
    }
    session = {
        "Arn": f"arn:aws:sts::{role_arn.split(':')[4]}:assumed-role/{role}/SageMaker",
        "UserId": f"{role}:SageMaker",
        "SecretAccessKey": credentials["AWS_SECRET_ACCESS_KEY"],
        "SessionToken": credentials["AWS_SESSION_TOKEN"],
    }
    engine.REGISTER_SESSION(credentials["AWS_ACCESS_KEY_ID"], session)
    return credentials
