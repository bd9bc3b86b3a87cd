"""Runs functions as processes on the real AWS Lambda runtime client, with a strict search path."""

import os
import shutil
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from benchmarks.places import BUILD
from benchmarks.serving.rig.environments import HERE
from benchmarks.serving.rig.object_store import BUCKET
from benchmarks.serving.rig.runtime_api import FUNCTION
from evergreen import names
from infra.packages.function_zip import function_zip, left_out
from local import environments
from local.processes.functions import link_runtime
from local.processes.leashed import LeashedProcess

# The stamp is written right before exec, so that the leash and the shell are not counted.
_STAMPED = 'echo "$EPOCHREALTIME" >"$0"; exec "$@"'


@dataclass(frozen=True, kw_only=True)
class Function:
    """A Lambda function: a package, its handler, and environment variables. `extra` stands for layers."""

    root: Path
    handler: str
    variables: Mapping[str, str] = field(default_factory=dict)
    extra: tuple[Path, ...] = ()

    @property
    def search_path(self) -> list[str]:
        """As on AWS: the function's package first, the packages of the runtime last."""
        return [str(path) for path in (self.root, *self.extra, runtime_packages())]

    def environment(self, runtime_api: str = "") -> dict[str, str]:
        return {
            **environments.base(),
            "LAMBDA_TASK_ROOT": str(self.root),
            "_HANDLER": self.handler,
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            # On AWS a function cannot write bytecode beside its code.
            "PYTHONDONTWRITEBYTECODE": "1",
            "BENCHMARK_PATH": os.pathsep.join(self.search_path),
            **self.variables,
        }

    def start(self, runtime_api: str, *, stamp: Path, output: int | IO[bytes]) -> LeashedProcess:
        """Start the process. The time at which the interpreter was executed is written to `stamp`."""
        # -S: no site-packages, so that a package forgotten in the zip is missing here too.
        interpreter = [sys.executable, "-s", "-S", str(HERE / "handlers" / "launch.py")]
        return LeashedProcess(
            ["bash", "-c", _STAMPED, str(stamp), *interpreter],
            environment=self.environment(runtime_api),
            cwd=self.root,
            output=output,
            grace=1.0,
        )


def runtime_packages() -> Path:
    """A folder with links to the runtime client's packages, and to nothing else."""
    return link_runtime(BUILD / "runtime")


def predict_zip(*, features: bool = False, protocols: bool = False) -> Path:
    """The zip of the predict function of a stack with a feature store, or with other protocols, or with neither."""
    return function_zip("predict", for_this_machine=True, without=left_out(features=features, protocols=protocols))


def unpacked(package: Path, folder: Path) -> Path:
    """The folder, with what is in the zip and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def predict_function(root: Path, *, model: str, store: Mapping[str, str]) -> Function:
    """Evergreen's predict function, reading from an object store.

    Args:
        root: where its zip is unpacked.
    """
    variables = {
        names.MODEL_BUCKET: BUCKET,
        names.MODEL_NAME: model,
        "POWERTOOLS_SERVICE_NAME": "predict",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "POWERTOOLS_METRICS_NAMESPACE": names.metric_namespace("benchmark"),
        **store,
    }
    return Function(root=root, handler="functions.predict.handler.handler", variables=variables)


def descendants(process: LeashedProcess) -> list[psutil.Process]:
    """The processes that serve: all descendants of the leash."""
    return list(psutil.Process(process.pid).children(recursive=True))


# The kernel counts CPU time in these steps, in seconds: a handful of requests may take less than one.
CPU_STEP = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(process: LeashedProcess) -> float:
    """User and system time of all serving processes and of their children that have ended."""
    return sum(sum(child.cpu_times()[:4]) for child in descendants(process))


def largest_rss(process: LeashedProcess) -> int:
    """Resident bytes of the largest process; for a web server, its one worker without the supervisor."""
    return max(int(child.memory_info().rss) for child in descendants(process))


def total_rss(process: LeashedProcess) -> int:
    """Resident bytes of all processes together; shared pages count for each process."""
    return sum(int(child.memory_info().rss) for child in descendants(process))
