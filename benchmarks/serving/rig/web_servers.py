"""Common web servers for models, each with one worker, in its own environment, on 127.0.0.1."""

import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.serving.rig.environments import HERE, PeerUnavailable, peer_folder
from benchmarks.serving.rig.http_client import BadAnswer, Poster
from benchmarks.serving.rig.models import PeerModels, Row
from local import environments
from local.processes.leashed import LeashedProcess

MLFLOW = "mlflow models serve"
# MLflow's and BentoML's imports take seconds on a small machine.
_START_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class WebServer:
    """How to start a server, and the path and body of a request to it."""

    environment: str
    command: Callable[[Path, int, PeerModels], list[str]]
    path: str
    body: Callable[[list[Row]], dict[str, object]]
    variables: Mapping[str, str] = field(default_factory=dict)


def _mlflow(bin_: Path, port: int, models: PeerModels) -> list[str]:
    if models.mlflow is None:
        raise PeerUnavailable(models.missing["mlflow"])
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return [str(bin_ / "mlflow"), "models", "serve", "-m", str(models.mlflow), "--env-manager", "local", *where]


def _fastapi(bin_: Path, port: int, _: PeerModels) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-access-log"]
    return [str(bin_ / "uvicorn"), "fastapi_app:app", *where]


def _bentoml(bin_: Path, port: int, _: PeerModels) -> list[str]:
    return [str(bin_ / "bentoml"), "serve", "bentoml_service:Predict", "--host", "127.0.0.1", "--port", str(port)]


def _instances(rows: list[Row]) -> dict[str, object]:
    return {"instances": rows}


def _records(rows: list[Row]) -> dict[str, object]:
    return {"dataframe_records": rows}


_AS_THEY_COME = {
    MLFLOW: WebServer(environment="mlflow", command=_mlflow, path="/invocations", body=_records),
    "BentoML": WebServer(environment="bentoml", command=_bentoml, path="/predict", body=_instances),
    "FastAPI + scikit-learn": WebServer(environment="fastapi", command=_fastapi, path="/predict", body=_instances),
}
# One row is too little work for OpenMP to share: a second thread mostly waits, and uses a core while it waits.
SERVERS = _AS_THEY_COME | {
    f"{name}, one thread": replace(server, variables={"OMP_NUM_THREADS": "1"}) for name, server in _AS_THEY_COME.items()
}


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that answers."""

    process: LeashedProcess
    poster: Poster


def start(name: str, models: PeerModels, row: Row, stack: ExitStack) -> Running:
    """Start a server and wait for its first answer; `stack` stops it.

    Raises:
        PeerUnavailable: the server cannot be installed, or does not answer in time.
    """
    server = SERVERS[name]
    bin_ = peer_folder(server.environment) / "bin"
    port = _free_port()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    variables = {
        **environments.base(),
        "PATH": os.pathsep.join([str(bin_), os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": str(HERE / "handlers"),
        "BENCHMARK_MODEL": str(models.joblib),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "BENTOML_DO_NOT_TRACK": "True",
        "BENTOML_HOME": str(folder / "bentoml"),
        **server.variables,
    }
    log = folder / "log"
    output = stack.enter_context(log.open("wb"))
    process = LeashedProcess(
        server.command(bin_, port, models), environment=variables, cwd=folder, output=output, grace=3.0
    )
    stack.callback(process.close)
    body = json.dumps(server.body([row])).encode()
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.exit_code() is None:
        poster = None
        try:
            poster = Poster(port, server.path, body)
            poster.post()
        except (OSError, BadAnswer, ValueError) as error:
            problem = repr(error)
            if poster is not None:
                poster.close()
            time.sleep(0.5)
            continue
        stack.callback(poster.close)
        return Running(process=process, poster=poster)
    raise PeerUnavailable(f"{name} did not answer: {problem}\n{log.read_text(errors='replace')[-1500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
