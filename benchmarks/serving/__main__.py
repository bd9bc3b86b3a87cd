"""Measures how fast the predict function starts and answers, compared with common ways to serve a model.

The first run installs the peers from PyPI into .build/benchmarks.
"""

import dataclasses
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.command import MISSING, Benchmark, Progress, Results, main
from benchmarks.places import BUILD
from benchmarks.serving import cold_start, cost, imports, in_handler, report, warm
from benchmarks.serving.rig.authority import Authority
from benchmarks.serving.rig.environments import HERE, Installing
from benchmarks.serving.rig.models import PeerModels, Trained, peer_models, synthetic_model, template_model
from benchmarks.serving.rig.object_store import ObjectStore
from benchmarks.serving.rig.processes import Function, predict_function, predict_zip, unpacked
from benchmarks.serving.rig.runtime_api import http_event
from evergreen import names


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Number of rounds and requests of each part."""

    cold_rounds: int
    warm_rounds: int
    warm_requests: int
    sustained_requests: int
    handler_rounds: int
    capture_rounds: int
    protocol_rounds: int
    growth_rounds: int


FULL = Effort(
    cold_rounds=20,
    warm_rounds=10,
    warm_requests=200,
    sustained_requests=100_000,
    handler_rounds=5,
    capture_rounds=40,
    protocol_rounds=40,
    growth_rounds=2,
)
QUICK = Effort(
    cold_rounds=1,
    warm_rounds=1,
    warm_requests=20,
    sustained_requests=200,
    handler_rounds=1,
    capture_rounds=1,
    protocol_rounds=1,
    growth_rounds=1,
)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything that the parts measure, ready to start.

    Attributes:
        sized: models of other sizes by name; empty unless growth is measured.
        functions: the peers as Lambda functions, by name.
        missing: peers that cannot be measured here, each with the reason.
        store: environment variables of a function that fetches its model over plain HTTP.
    """

    effort: Effort
    model: Trained
    sized: dict[str, Trained]
    peers: PeerModels
    functions: dict[str, Function]
    missing: dict[str, str]
    evergreen: Function
    over_tls: Function
    store: dict[str, str]


def _cold_start(bench: Bench, progress: Progress) -> Results:
    functions = {
        cold_start.EMPTY: cold_start.empty_function(),
        cold_start.EVERGREEN: bench.evergreen,
        cold_start.EVERGREEN_TLS: bench.over_tls,
        **bench.functions,
    }
    event = http_event({"features": bench.model.rows[0]})
    measured = cold_start.measure(functions, event, rounds=bench.effort.cold_rounds, progress=progress)
    return {"cold_start": measured, MISSING: bench.missing}


def _warm(bench: Bench, progress: Progress) -> Results:
    effort = bench.effort
    measured, missing = warm.measure(
        bench.evergreen,
        bench.model,
        bench.peers,
        rounds=effort.warm_rounds,
        requests=effort.warm_requests,
        progress=progress,
    )
    functions = {"Evergreen": bench.evergreen, **bench.functions}
    one_row = in_handler.one_row(functions, bench.model.rows[0], rounds=effort.handler_rounds, progress=progress)
    return {"warm": measured, "in_handler": one_row, MISSING: {**bench.missing, **missing}}


def _capture(bench: Bench, progress: Progress) -> Results:
    """Many rounds of pairs, since the difference to measure is about one percent."""
    plain = dataclasses.replace(bench.evergreen, handler="without_capture.handler", extra=(HERE / "handlers",))
    pair = {"without capture": plain, "Evergreen": bench.evergreen}
    rounds = bench.effort.capture_rounds
    return {"capture": in_handler.one_row(pair, bench.model.rows[0], rounds=rounds, progress=progress)}


def _protocols(bench: Bench, progress: Progress) -> Results:
    """Many rounds of pairs here too."""
    on = dataclasses.replace(
        bench.evergreen,
        root=unpacked(predict_zip(protocols=True), BUILD / "predict-with-protocols"),
        variables={**bench.evergreen.variables, names.PROTOCOLS: ",".join(names.PROTOCOL_ROUTES)},
    )
    pair = {cold_start.EVERGREEN: bench.evergreen, cold_start.PROTOCOLS: on}
    event, rounds = http_event({"features": bench.model.rows[0]}), bench.effort.protocol_rounds
    return {"protocols": cold_start.measure(pair, event, rounds=rounds, progress=progress, base=cold_start.EVERGREEN)}


def _sustained(bench: Bench, progress: Progress) -> Results:
    requests = bench.effort.sustained_requests
    return {"sustained": warm.sustained(bench.evergreen, bench.model, requests=requests, progress=progress)}


def _package(bench: Bench, _progress: Progress) -> Results:
    size = predict_zip().stat().st_size
    imported = imports.measure(bench.evergreen, rounds=bench.effort.handler_rounds)
    return {"package": {"zip_bytes": size, "imports": imported}}


def _cost(bench: Bench, _progress: Progress) -> Results:
    event = http_event({"features": bench.model.rows[0]})
    with ExitStack() as stack:
        contender = warm.start_function(bench.evergreen, event, stack)
        contender.block(200)
        assert contender.log is not None
        before = contender.log.stat().st_size
        seconds = contender.block(1000)
        log_bytes = (contender.log.stat().st_size - before) / len(seconds)
    first, _ = cold_start.first_answer(bench.evergreen, event)
    milliseconds = sorted(seconds)[len(seconds) // 2] * 1000
    return {"cost": cost.per_million(milliseconds=milliseconds, log_bytes=log_bytes, cold_start_ms=first * 1000)}


def _growth(bench: Bench, progress: Progress) -> Results:
    rounds = bench.effort.growth_rounds
    functions = {"Evergreen": bench.evergreen, **bench.functions}
    sized = {
        name: (predict_function(bench.evergreen.root, model=model.name, store=bench.store), model.rows[0])
        for name, model in bench.sized.items()
    }
    by_rows = in_handler.by_rows(functions, bench.model, rounds=rounds, progress=progress)
    by_model = in_handler.by_model(sized, rounds=rounds, progress=progress)
    return {"growth": {"rows": by_rows, "models": by_model}, MISSING: bench.missing}


def _bench(stack: ExitStack, quick: bool, parts: Sequence[str], progress: Progress) -> Bench:
    Installing.allowed = not quick
    progress("training")
    model = template_model()
    sized: dict[str, Trained] = {}
    if "growth" in parts:
        trees, features = in_handler.TREES[: 1 if quick else None], in_handler.FEATURES[: 1 if quick else None]
        sized = {f"{count} trees": template_model(trees=count) for count in trees}
        sized |= {f"{count} features": synthetic_model(features=count) for count in features}
    progress("installing the peers and converting the model for them")
    peers = peer_models(model)
    functions, missing = cold_start.peer_functions(peers)
    objects = {key: content for each in (model, *sized.values()) for key, content in each.objects.items()}
    store = stack.enter_context(ObjectStore(objects)).environment
    authority = stack.enter_context(Authority())
    tls = stack.enter_context(ObjectStore(objects, authority=authority)).environment
    progress("packaging the function")
    root = unpacked(predict_zip(), BUILD / "predict")
    return Bench(
        effort=QUICK if quick else FULL,
        model=model,
        sized=sized,
        peers=peers,
        functions=functions,
        missing=missing,
        evergreen=predict_function(root, model=model.name, store=store),
        over_tls=predict_function(root, model=model.name, store=tls),
        store=store,
    )


BENCHMARK = Benchmark(
    name="serving",
    purpose="Measure how fast the predict function starts and answers, compared with common ways to serve a model.",
    page="benchmarks.md",
    libraries=("awslambdaric", "scikit-learn"),
    parts={
        "cold-start": _cold_start,
        "protocols": _protocols,
        "warm": _warm,
        "capture": _capture,
        "sustained": _sustained,
        "package": _package,
        "cost": _cost,
        "growth": _growth,
    },
    render=report.render,
    rig=_bench,
)

if __name__ == "__main__":
    main(BENCHMARK, sys.argv[1:])
