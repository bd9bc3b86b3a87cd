"""Warm requests of one row: the function on the runtime client, and web servers with the same model."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import median, paired_ratio, percentile
from benchmarks.serving.rig import web_servers
from benchmarks.serving.rig.environments import PeerUnavailable
from benchmarks.serving.rig.http_client import BadAnswer
from benchmarks.serving.rig.models import PeerModels, Trained
from benchmarks.serving.rig.processes import CPU_STEP, Function, cpu_seconds, largest_rss, total_rss
from benchmarks.serving.rig.runtime_api import RuntimeApi, http_event
from local.processes.leashed import LeashedProcess

EVERGREEN = "Evergreen over the runtime client"
Progress = Callable[[str], None]
# Takes the number of requests, returns the seconds of each.
Block = Callable[[int], list[float]]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A process that answers. `log` is the file with a function's output; None for a web server."""

    process: LeashedProcess
    block: Block
    answer: Callable[[], bytes]
    log: Path | None = None


def start_function(function: Function, event: bytes, stack: ExitStack) -> Contender:
    """Start the function's process, which then waits for invocations; `stack` ends it."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    output = stack.enter_context((folder / "log").open("wb"))
    api = stack.enter_context(RuntimeApi())
    process = function.start(api.address, stamp=folder / "stamp", output=output)
    stack.callback(process.close)

    def block(count: int) -> list[float]:
        return api.invoke([event] * count, exit_code=process.exit_code, timeout=600)

    return Contender(process=process, block=block, answer=lambda: api.answer, log=folder / "log")


def _start_server(name: str, models: PeerModels, model: Trained, stack: ExitStack) -> Contender:
    running = web_servers.start(name, models, model.rows[0], stack)

    def block(count: int) -> list[float]:
        running.poster.reconnect()
        return [running.poster.post() for _ in range(count)]

    return Contender(process=running.process, block=block, answer=lambda: running.poster.answer)


def measure(
    function: Function, model: Trained, models: PeerModels, *, rounds: int, requests: int, progress: Progress
) -> tuple[dict[str, Any], dict[str, str]]:
    """All contenders run at the same time. In each round, one after the other gets `requests` requests."""
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        event = http_event({"features": model.rows[0]})
        contenders = {EVERGREEN: start_function(function, event, stack)}
        for name in web_servers.SERVERS:
            progress(f"starting {name}")
            try:
                contenders[name] = _start_server(name, models, model, stack)
            except PeerUnavailable as error:
                missing[name] = str(error)
        for name, contender in contenders.items():
            contender.block(50)
            _check(name, contender.answer(), model.predictions[0])
        blocks: dict[str, list[list[float]]] = {name: [] for name in contenders}
        cpu = {name: cpu_seconds(contender.process) for name, contender in contenders.items()}
        idle = dict.fromkeys(contenders, 0.0)
        for number in range(1, rounds + 1):
            progress(f"round {number} of {rounds}")
            for name, contender in contenders.items():
                before = {other: cpu_seconds(contenders[other].process) for other in contenders}
                blocks[name].append(contender.block(requests))
                for other in contenders:
                    if other != name:
                        idle[other] += cpu_seconds(contenders[other].process) - before[other]
        # CPU time that a server uses while others are measured is not part of its requests.
        used = {
            name: max(CPU_STEP, cpu_seconds(contenders[name].process) - cpu[name] - idle[name]) for name in contenders
        }
        memory = {name: (largest_rss(c.process), total_rss(c.process)) for name, c in contenders.items()}
    return _figures(blocks, used, memory), missing


def _figures(
    blocks: Mapping[str, list[list[float]]], cpu: Mapping[str, float], memory: Mapping[str, tuple[int, int]]
) -> dict[str, Any]:
    own = [median(block) for block in blocks[EVERGREEN]]
    own_count = sum(map(len, blocks[EVERGREEN]))
    figures = {}
    for name, rounds in blocks.items():
        every = [seconds for block in rounds for seconds in block]
        figures[name] = {
            "p50_ms": median(every) * 1000,
            "p99_ms": percentile(every, 0.99) * 1000,
            "requests_per_cpu_second": len(every) / cpu[name],
            "rss_mb": memory[name][0] / 1e6,
            "rss_all_processes_mb": memory[name][1] / 1e6,
            "requests": len(every),
            "times_slower_p50": paired_ratio([median(block) for block in rounds], own),
            "times_more_cpu": (cpu[name] / len(every)) / (cpu[EVERGREEN] / own_count),
            "times_more_memory": memory[name][1] / memory[EVERGREEN][1],
            "times_more_memory_largest": memory[name][0] / memory[EVERGREEN][0],
        }
    return figures


def _check(name: str, answer: bytes, expected: float) -> None:
    """Check an answer against the prediction of scikit-learn.

    Raises:
        BadAnswer: the prediction differs, be it in the last bit.
    """
    document = json.loads(answer)
    if "body" in document:
        document = json.loads(document["body"])
    predicted = document["prediction"] if "prediction" in document else document["predictions"][0]
    if predicted != expected:
        raise BadAnswer(f"{name} predicts {predicted}, scikit-learn {expected}")


def sustained(function: Function, model: Trained, *, requests: int, progress: Progress) -> dict[str, Any]:
    """Many requests to one function process: latency, throughput, and the growth of its memory."""
    with ExitStack() as stack:
        contender = start_function(function, http_event({"features": model.rows[0]}), stack)
        contender.block(100)
        memory = [largest_rss(contender.process)]
        started, cpu = time.perf_counter(), cpu_seconds(contender.process)
        seconds: list[float] = []
        for part in range(1, 11):
            seconds += contender.block(requests // 10)
            memory.append(largest_rss(contender.process))
            progress(f"{part * requests // 10} of {requests}")
        elapsed, cpu = time.perf_counter() - started, max(CPU_STEP, cpu_seconds(contender.process) - cpu)
    return {
        "requests": len(seconds),
        "p50_ms": median(seconds) * 1000,
        "p99_ms": percentile(seconds, 0.99) * 1000,
        "max_ms": max(seconds) * 1000,
        "requests_per_second": len(seconds) / elapsed,
        "requests_per_cpu_second": len(seconds) / cpu,
        "rss_start_mb": memory[0] / 1e6,
        "rss_end_mb": memory[-1] / 1e6,
        "rss_mb": [value / 1e6 for value in memory],
    }
