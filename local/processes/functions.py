"""Lambda functions on the AWS runtime client.

ministack runs Python functions in a loop of its own. Here they run as on AWS: `awslambdaric` polls the Lambda Runtime
API, which ministack already serves for custom runtimes. A function can import only its package, the standard library
and the runtime client. On a machine without `awslambdaric`, which has Linux wheels only, ministack's worker stays.
"""

import contextlib
import importlib.util
import io
import json
import os
import select
import signal
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

from local import engine, environments

# The runtime client, its dependencies and its compiled part.
_RUNTIME_PACKAGES = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")

# How long a function may take to start.
_START_SECONDS = 60.0
# The longest answer to an invocation.
_ANSWER_BYTES = 6_291_556

_LAUNCHER = """\
import os, site, sys
# As on AWS: the function's package first, the runtime's packages last.
root = os.environ["LAMBDA_TASK_ROOT"]
sys.path[:] = [root, *sys.path[1:], {packages!r}]
# The package may name a folder with links to its own packages, see infra/packages/linked.py.
site.addsitedir(root)
sys.argv = ["awslambdaric", os.environ["_HANDLER"]]
from awslambdaric.__main__ import main
main(sys.argv)
"""


def install(folder: Path) -> None:
    """Run `python3.*` functions on the runtime client, whose packages are linked into `folder`."""
    if any(importlib.util.find_spec(name) is None for name in ("awslambdaric", "simplejson")):
        return
    bootstrap = _bootstrap(folder)
    worker_class = _runtime_client_worker(bootstrap)
    class_for, execute = engine.WORKER_CLASS_FOR.get(), engine.EXECUTE_WARM.get()
    worker_environment, emit = engine.PROVIDED_WORKER_ENV.get(), engine.EMIT_METRICS.get()

    def worker_class_for(config: dict) -> type:
        return worker_class if _is_python(config) else class_for(config)

    def execute_warm(func: dict, event: Any, request_id: str) -> dict:
        """Run as a custom runtime, whose errors keep their type; ministack's Python workers lose it."""
        config = func.get("config") or func
        if not _is_python(config):
            return execute(func, event, request_id)
        result: dict = engine.EXECUTE_PROVIDED_WARM(func, event, request_id)
        # Whoever has called it: ministack counts only what comes through Lambda's own API.
        failed = 1 if result.get("error") else 0
        engine.RECORD_METRIC("AWS/Lambda", "Errors", failed, "Count", {"FunctionName": config["FunctionName"]})
        return result

    def emit_without_errors(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:  # noqa: ARG001
        emit(function_name, duration_ms, error=False, throttle=throttle)

    def clean_worker_environment(config: dict, code_dir: str, port: int) -> dict[str, str]:
        given = worker_environment(config, code_dir, port)
        return _clean(given, config, folder) if _is_python(config) else given

    emit_logs = engine.EMIT_LOGS.get()

    def emit_logs_where_there_is_a_group(func: dict, *arguments: Any, **named: Any) -> None:
        """The stack's functions may write to their log group, and not make it again once it has been deleted."""
        config = func.get("config") or func
        own = f"/aws/lambda/{config.get('FunctionName')}"
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or own
        if group == own or group in engine.LOG_GROUPS.get():
            emit_logs(func, *arguments, **named)

    engine.EMIT_LOGS.replace(emit_logs_where_there_is_a_group)
    engine.WORKER_CLASS_FOR.replace(worker_class_for)
    engine.EXECUTE_WARM.replace(execute_warm)
    engine.EMIT_METRICS.replace(emit_without_errors)
    engine.PROVIDED_WORKER_ENV.replace(clean_worker_environment)


def _is_python(config: dict) -> bool:
    return str(config.get("Runtime", "")).startswith("python3")


def link_runtime(folder: Path) -> Path:
    """Fill `folder` with links to the runtime client's packages and to nothing else; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        source = origin.parent if spec.submodule_search_locations else origin
        link = folder / source.name
        # The folder may hold links that another Python's virtual environment made.
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    return folder


def _bootstrap(folder: Path) -> bytes:
    """The executable that ministack's worker starts; the files that it needs are written to `folder`."""
    packages = link_runtime(folder / "packages")
    launcher = folder / "launch.py"
    launcher.write_text(_LAUNCHER.format(packages=str(packages)))
    # -S: without site-packages, so that a package that the zip lacks is missing here too.
    return f'#!/bin/sh\nexec "{sys.executable}" -s -S "{launcher}"\n'.encode()


def _clean(given: dict[str, str], config: dict, folder: Path) -> dict[str, str]:
    """Remove the variables of the server's environment; add those that Lambda sets and ministack does not."""
    own = {name: value for name, value in given.items() if os.environ.get(name) != value}
    name = config.get("FunctionName", "unknown")
    temporary = folder / "tmp" / name
    temporary.mkdir(parents=True, exist_ok=True)
    # The function's variables come from its configuration, since one may have the same value as in the server.
    variables = (config.get("Environment") or {}).get("Variables") or {}
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    return {
        **variables,
        **environments.workload({}, region=config["FunctionArn"].split(":")[3]),
        "TMPDIR": str(temporary),
        "TZ": "UTC",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": group,
        **own,
    }


def _with_bootstrap(code_zip: bytes, bootstrap: bytes) -> bytes:
    buffer = io.BytesIO(code_zip)
    with zipfile.ZipFile(buffer, "a") as package:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        package.writestr(entry, bootstrap)
    return buffer.getvalue()


class _Output:
    """Output of a function that has not been collected yet.

    The runtime client flushes each line before it answers an invocation. So when the answer arrives, all lines of the
    invocation are in the pipe, and `drain` reads them without waiting.
    """

    def __init__(self, stream: io.BufferedReader) -> None:
        self._descriptor = stream.fileno()
        self._lock = threading.Lock()
        self._unread = b""
        self._open = True

    def pump(self) -> None:
        """Read as long as the process runs, since a full pipe would block the function."""
        while self._open:
            select.select([self._descriptor], [], [])
            with self._lock:
                self._read_available()

    def drain(self) -> str:
        with self._lock:
            self._read_available()
            text, self._unread = self._unread, b""
        return text.decode(errors="replace").rstrip("\n")

    def _read_available(self) -> None:
        while self._open and select.select([self._descriptor], [], [], 0)[0]:
            chunk = os.read(self._descriptor, 65536)
            self._open = bool(chunk)
            self._unread += chunk


def _refuse_long(answer: dict) -> dict:
    """An invocation's outcome, in which an answer that is too long is an error, as Lambda's runtime interface has it.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    if answer["status"] != "ok" or len(json.dumps(answer["result"])) <= _ANSWER_BYTES:
        return answer
    said = f"Response payload size exceeded maximum allowed payload size ({_ANSWER_BYTES} bytes)."
    payload = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": said}
    return {**answer, "status": "error", "result": None, "error": said, "error_payload": payload}


def _runtime_client_worker(bootstrap: bytes) -> type:
    provided_worker = engine.PROVIDED_WORKER.get()
    runtime_error = engine.PROVIDED_RUNTIME_ERROR.get()

    class RuntimeClientWorker(provided_worker):  # type: ignore[misc, valid-type]
        """ministack's worker for custom runtimes, with the AWS runtime client as the bootstrap.

        Between two invocations the process is frozen, as Lambda does it: what a function leaves to a thread stands
        still. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
        """

        def __init__(self, func_name: str, config: dict, code_zip: bytes) -> None:
            super().__init__(func_name, config, _with_bootstrap(code_zip, bootstrap))
            self._output: _Output | None = None

        def _spawn(self, init_timeout: float | None = None) -> None:
            super()._spawn(init_timeout)
            # A frozen process does not hear a SIGTERM, and Lambda sends none.
            self._proc.terminate = self._proc.kill

        def invoke(self, *arguments: Any, **named: Any) -> dict:
            self._send(signal.SIGCONT)
            try:
                return _refuse_long(super().invoke(*arguments, **named))
            finally:
                self._send(signal.SIGSTOP)

        def _send(self, number: signal.Signals) -> None:
            if self._proc is not None and self._proc.poll() is None:
                self._proc.send_signal(number)

        def _build_handler_class(self, generation: int, pending: Any) -> type:
            handler = super()._build_handler_class(generation, pending)
            # Headers and body are two writes. With Nagle's algorithm the second waits 40 ms for an acknowledgement.
            handler.disable_nagle_algorithm = True
            return handler

        def _pump_output(self, stream: io.BufferedReader, _log_queue: Any) -> None:
            self._output = _Output(stream)
            with contextlib.suppress(OSError, ValueError), stream:
                self._output.pump()

        def _drain_stderr(self) -> str:
            with contextlib.suppress(OSError, ValueError):
                return self._output.drain() if self._output is not None else ""
            return ""

        def _drain_stderr_bounded(self, *_: Any, **__: Any) -> str:
            return self._drain_stderr()

        def _await_init(self, _lambdas_limit: float | None = None) -> None:
            """Keep the type and message that the runtime client reports for an error at import.

            How long a function takes to start tells of this machine here: one that is busy may not fail what it serves.
            """
            try:
                super()._await_init(_START_SECONDS)
            except RuntimeError as error:
                reported = self._init_error
                if not isinstance(reported, dict):
                    raise
                raise runtime_error(reported.get("errorMessage", ""), reported.get("errorType", "")) from error

    return RuntimeClientWorker
