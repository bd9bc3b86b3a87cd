"""Time from executing the interpreter until the first answer is posted, with the real runtime client."""

import random
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.figures import median, paired_ratio, percentile
from benchmarks.serving.rig.environments import HERE, PeerUnavailable, peer_packages
from benchmarks.serving.rig.models import PeerModels
from benchmarks.serving.rig.processes import Function
from benchmarks.serving.rig.runtime_api import InvocationFailed, RuntimeApi

EMPTY = "empty handler"
EVERGREEN = "Evergreen"
EVERGREEN_TLS = "Evergreen, S3 over TLS"
PROTOCOLS = "Evergreen, with three other protocols"
Progress = Callable[[str], None]


def empty_function() -> Function:
    return Function(root=HERE / "handlers", handler="empty.handler")


def peer_functions(models: PeerModels) -> tuple[dict[str, Function], dict[str, str]]:
    """Functions that serve the same model in common ways, and the missing ones, each with the reason."""
    wanted: dict[str, tuple[str, str, Path | None]] = {
        "onnxruntime": ("onnxruntime", "with_onnxruntime", models.onnx),
        "scikit-learn + pandas": ("scikit_learn", "with_scikit_learn", models.joblib),
        "mlflow pyfunc": ("mlflow", "with_mlflow", models.mlflow),
    }
    functions, missing = {}, {}
    for name, (environment, module, model) in wanted.items():
        try:
            packages = peer_packages(environment)
        except PeerUnavailable as error:
            missing[name] = str(error)
            continue
        if model is None:
            missing[name] = models.missing[environment]
            continue
        functions[name] = Function(
            root=HERE / "handlers",
            handler=f"{module}.handler",
            # One thread: a row is too little work to share.
            variables={"BENCHMARK_MODEL": str(model), "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"},
            extra=(packages,),
        )
    return functions, missing


def first_answer(function: Function, event: bytes) -> tuple[float, bytes]:
    """Start the function; return the seconds until its answer was posted, and the answer.

    Raises:
        InvocationFailed: the function failed; the message has the end of its output.
    """
    with tempfile.TemporaryDirectory() as folder, RuntimeApi() as api:
        stamp, log = Path(folder) / "stamp", Path(folder) / "log"
        with log.open("wb") as output:
            process = function.start(api.address, stamp=stamp, output=output)
            try:
                api.invoke([event], exit_code=process.exit_code, timeout=120)
            except InvocationFailed as error:
                raise InvocationFailed(f"{function.handler}: {error}\n{log.read_text()[-2000:]}") from error
            finally:
                process.close()
        # bash writes the decimal sign of the locale.
        return api.answered_at - float(stamp.read_text().replace(",", ".")), api.answer


def measure(
    functions: Mapping[str, Function], event: bytes, *, rounds: int, progress: Progress, base: str = EMPTY
) -> dict[str, Any]:
    """Start every function once per round, in random order. The first round warms the page cache and is dropped.

    Args:
        base: the function that the others are compared with, in pairs.
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    order = list(functions)
    for number in range(rounds + 1):
        progress(f"round {number} of {rounds}")
        random.shuffle(order)
        for name in order:
            taken, _ = first_answer(functions[name], event)
            if number:
                seconds[name].append(taken)
    return {
        name: {
            "median_ms": median(values) * 1000,
            "min_ms": min(values) * 1000,
            "p90_ms": percentile(values, 0.9) * 1000,
            "ratio": paired_ratio(values, seconds[base]),
            "rounds": len(values),
        }
        for name, values in seconds.items()
    }
