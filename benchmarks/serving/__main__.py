"""Measures how the predict function starts and answers, beside what people usually serve models with.

    python -m benchmarks.serving [--quick] [--only NAME ...]

It prints tables, writes them to docs/benchmarks.md, and the figures to benchmarks/results/serving.json; a run of some
parts, or a quick one, writes to .build/benchmarks instead. The first run installs the peers from PyPI there.
"""

import argparse
import dataclasses
import json
import shlex
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.places import BUILD, CHECKOUT
from benchmarks.places import RESULTS as RESULTS_FOLDER
from benchmarks.serving import cold_start, cost, imports, in_handler, report, warm
from benchmarks.serving.rig.environments import HERE
from benchmarks.serving.rig.models import PeerModels, Trained, peer_models, synthetic_model, template_model
from benchmarks.serving.rig.object_store import ObjectStore
from benchmarks.serving.rig.processes import Function, predict_function, predict_package
from benchmarks.serving.rig.runtime_api import http_event
from infra.packages.packaging import function_package

DOCUMENT = CHECKOUT / "docs" / "benchmarks.md"
RESULTS = RESULTS_FOLDER / "serving.json"


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How often each thing is measured."""

    cold_rounds: int
    warm_rounds: int
    warm_requests: int
    sustained_requests: int
    handler_rounds: int


FULL = Effort(cold_rounds=20, warm_rounds=10, warm_requests=200, sustained_requests=100_000, handler_rounds=5)
QUICK = Effort(cold_rounds=5, warm_rounds=3, warm_requests=100, sustained_requests=10_000, handler_rounds=2)


@dataclass(kw_only=True)
class Bench:
    """All that is measured, ready to start; and the results so far."""

    effort: Effort
    model: Trained
    sized: dict[str, Trained]
    peers: PeerModels
    functions: dict[str, Function]
    evergreen: Function
    over_tls: Function
    store: dict[str, str]
    results: dict[str, Any]
    progress: Callable[[str], None]


def _measure_cold_start(bench: Bench) -> None:
    functions = {
        cold_start.EMPTY: cold_start.empty_function(),
        cold_start.EVERGREEN: bench.evergreen,
        cold_start.EVERGREEN_TLS: bench.over_tls,
        **bench.functions,
    }
    event = http_event({"features": bench.model.rows[0]})
    bench.results["cold_start"] = cold_start.measure(
        functions, event, rounds=bench.effort.cold_rounds, progress=bench.progress
    )


def _measure_warm(bench: Bench) -> None:
    effort = bench.effort
    bench.results["warm"], missing = warm.measure(
        bench.evergreen,
        bench.model,
        bench.peers,
        rounds=effort.warm_rounds,
        requests=effort.warm_requests,
        progress=bench.progress,
    )
    bench.results["missing"].update(missing)
    functions = {"Evergreen": bench.evergreen, **bench.functions}
    bench.results["in_handler"] = in_handler.one_row(
        functions, bench.model.rows[0], rounds=effort.handler_rounds, progress=bench.progress
    )


def _measure_capture(bench: Bench) -> None:
    """In pairs, and often: a percent is asked for."""
    plain = dataclasses.replace(bench.evergreen, handler="without_capture.handler", extra=(HERE / "handlers",))
    bench.results["capture"] = in_handler.one_row(
        {"without capture": plain, "Evergreen": bench.evergreen},
        bench.model.rows[0],
        rounds=8 * bench.effort.handler_rounds,
        progress=bench.progress,
    )


def _measure_sustained(bench: Bench) -> None:
    bench.results["sustained"] = warm.sustained(
        bench.evergreen, bench.model, requests=bench.effort.sustained_requests, progress=bench.progress
    )


def _measure_package(bench: Bench) -> None:
    rounds = bench.effort.handler_rounds
    bench.results["package"] = {
        "zip_bytes": function_package("predict", for_this_machine=True).stat().st_size,
        "imports": imports.measure(bench.evergreen, rounds=rounds),
    }


def _measure_cost(bench: Bench) -> None:
    event = http_event({"features": bench.model.rows[0]})
    with ExitStack() as stack:
        contender = warm.start_function(bench.evergreen, event, stack)
        contender.block(200)
        assert contender.log is not None
        before = contender.log.stat().st_size
        seconds = contender.block(1000)
        log_bytes = (contender.log.stat().st_size - before) / len(seconds)
    first, _ = cold_start.first_answer(bench.evergreen, event)
    bench.results["cost"] = cost.per_million(
        milliseconds=sorted(seconds)[len(seconds) // 2] * 1000, log_bytes=log_bytes, cold_start_ms=first * 1000
    )


def _measure_growth(bench: Bench) -> None:
    rounds = max(2, bench.effort.handler_rounds // 2)
    sized = {
        name: (predict_function(bench.evergreen.root, model=model.name, store=bench.store), model.rows[0])
        for name, model in bench.sized.items()
    }
    bench.results["growth"] = {
        "rows": in_handler.by_rows(
            {"Evergreen": bench.evergreen, **bench.functions}, bench.model, rounds=rounds, progress=bench.progress
        ),
        "models": in_handler.by_model(sized, rounds=rounds, progress=bench.progress),
    }


PARTS: dict[str, Callable[[Bench], None]] = {
    "cold-start": _measure_cold_start,
    "warm": _measure_warm,
    "capture": _measure_capture,
    "sustained": _measure_sustained,
    "package": _measure_package,
    "cost": _measure_cost,
    "growth": _measure_growth,
}


def _prepare(stack: ExitStack, effort: Effort, parts: list[str], progress: Callable[[str], None]) -> Bench:
    progress("training")
    model = template_model()
    sized: dict[str, Trained] = {}
    if "growth" in parts:
        sized = {f"{trees} trees": template_model(trees=trees) for trees in in_handler.TREES}
        sized |= {f"{count} features": synthetic_model(features=count) for count in in_handler.FEATURES}
    progress("installing the peers and converting the model for them")
    peers = peer_models(model)
    functions, missing = cold_start.peer_functions(peers)
    objects = {key: content for each in (model, *sized.values()) for key, content in each.objects.items()}
    store = stack.enter_context(ObjectStore(objects, tls=False)).environment
    tls = stack.enter_context(ObjectStore(objects, tls=True)).environment
    progress("packaging the function")
    root = predict_package()
    return Bench(
        effort=effort,
        model=model,
        sized=sized,
        peers=peers,
        functions=functions,
        evergreen=predict_function(root, model=model.name, store=store),
        over_tls=predict_function(root, model=model.name, store=tls),
        store=store,
        results={"missing": missing},
        progress=progress,
    )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a result")
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="NAME", help=f"parts to run: {', '.join(PARTS)}")
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    parser.add_argument("--document", type=Path, help="the Markdown file to write")
    options = parser.parse_args(arguments)
    # Only a whole run may replace what is published.
    whole = not (options.quick or options.only)
    output = options.output or (RESULTS if whole else BUILD / "serving.json")
    document = options.document or (DOCUMENT if whole else BUILD / "serving.md")
    parts = options.only or list(PARTS)
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)

    with ExitStack() as stack:
        bench = _prepare(stack, QUICK if options.quick else FULL, parts, progress)
        for part in parts:
            PARTS[part](_labelled(bench, part, progress))
    command = shlex.join(["python", "-m", "benchmarks.serving", *arguments])
    results = {"machine": machine.describe(command), **bench.results, "seconds": round(time.monotonic() - started)}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(results, indent=1) + "\n")
    text = report.render(results)
    document.write_text(text)
    print(text)
    progress(f"written: {output}, {document}")


def _labelled(bench: Bench, part: str, progress: Callable[[str], None]) -> Bench:
    bench.progress = lambda text: progress(f"{part}: {text}")
    bench.progress("start")
    return bench


if __name__ == "__main__":
    main(sys.argv[1:])
