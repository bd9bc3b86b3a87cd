"""The predict function's start and first answer with a feature store and without one, each in a fresh process."""

import base64
import json
import random
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.feature_store.answerer import Answerer
from benchmarks.feature_store.views import FEATURES, KEY, PROJECT, customer
from benchmarks.figures import median, paired_ratio
from benchmarks.places import BUILD
from benchmarks.serving.rig.authority import Authority
from benchmarks.serving.rig.models import Trained, objects_of, synthetic_model
from benchmarks.serving.rig.object_store import ObjectStore
from benchmarks.serving.rig.processes import Function, predict_function, predict_zip, unpacked
from benchmarks.serving.rig.runtime_api import InvocationFailed, RuntimeApi, http_event
from evergreen import names
from evergreen.feature_store.online_table import item
from evergreen.feature_store.views import Typed, View

# What is compared: a deployment and a request. The first is the one that the others are compared with.
OFF = "without a feature store"
WHOLE_ROW = "with one, a whole row"
ENTITY = "with one, by an entity"
_EVENT = datetime(2025, 12, 31, tzinfo=UTC)
Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Effort:
    rounds: int


FULL = Effort(rounds=30)
QUICK = Effort(rounds=1)


@dataclass(frozen=True, kw_only=True)
class _Start:
    """A function, and the event that it answers first."""

    function: Function
    event: bytes


def measure(effort: Effort, *, progress: Progress) -> dict[str, Any]:
    """Milliseconds of each start over HTTP and over TLS, their ratios to those without, and the sizes of both zips."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD, prefix="feature-store-")))
        authority = stack.enter_context(Authority())
        progress("training and packaging")
        model = synthetic_model(features=FEATURES)
        roots = {
            OFF: unpacked(predict_zip(), folder / "without"),
            ENTITY: unpacked(predict_zip(features=True), folder / "with"),
        }
        measured = {
            way: _rounds(_starts(model, roots, stack, used), effort, partial(_labelled, progress, way))
            for way, used in {"HTTP": None, "TLS": authority}.items()
        }
    sizes = {OFF: predict_zip().stat().st_size, ENTITY: predict_zip(features=True).stat().st_size}
    return {"starts": measured, "rounds": effort.rounds, "zip_bytes": sizes}


def _labelled(progress: Progress, way: str, text: str) -> None:
    progress(f"{way}, {text}")


def _starts(
    model: Trained, roots: Mapping[str, Path], stack: ExitStack, authority: Authority | None
) -> dict[str, _Start]:
    row, name = model.rows[0], customer(0)
    view = View(
        name="customers",
        keys=(Typed(KEY, "string"),),
        features=tuple(Typed(feature.name, "double") for feature in model.contract.features),
    )
    stored = item(view, {KEY: name}, row, _EVENT)
    online = stack.enter_context(Answerer({stored["entity_id"]["S"]: _as_json(stored)}, authority=authority))
    by_store = replace(model.contract, stored=(view,))
    objects = objects_of(model.name, model.estimator, by_store)
    without = stack.enter_context(ObjectStore(model.objects, authority=authority)).environment
    store = stack.enter_context(ObjectStore(objects, authority=authority)).environment
    store = {**store, **online.environment, names.FEATURE_PROJECT: PROJECT}
    off = predict_function(roots[OFF], model=model.name, store=without)
    on = predict_function(roots[ENTITY], model=model.name, store=store)
    whole, entity = http_event({"features": row}), http_event({"entities": {KEY: name}})
    return {
        OFF: _Start(function=off, event=whole),
        WHOLE_ROW: _Start(function=on, event=whole),
        ENTITY: _Start(function=on, event=entity),
    }


def _as_json(stored: Mapping[str, Any]) -> dict[str, Any]:
    """An item in DynamoDB's JSON, where bytes are texts."""
    values = {name: {"B": base64.b64encode(each["B"]).decode()} for name, each in stored["values"]["M"].items()}
    return {**stored, "values": {"M": values}}


def _rounds(starts: Mapping[str, _Start], effort: Effort, progress: Progress) -> dict[str, Any]:
    """Start each once a round, in random order. The first round warms the page cache and is dropped."""
    ready: dict[str, list[float]] = {name: [] for name in starts}
    answered: dict[str, list[float]] = {name: [] for name in starts}
    order = list(starts)
    for number in range(effort.rounds + 1):
        progress(f"round {number} of {effort.rounds}")
        random.shuffle(order)
        predictions = set()
        for name in order:
            until_ready, until_answered, prediction = _start(starts[name])
            predictions.add(prediction)
            if number:
                ready[name].append(until_ready)
                answered[name].append(until_answered)
        assert len(predictions) == 1, predictions
    return {
        name: {
            "ready_ms": median(ready[name]) * 1000,
            "answered_ms": median(answered[name]) * 1000,
            "ready_ratio": paired_ratio(ready[name], ready[OFF]),
            "answered_ratio": paired_ratio(answered[name], answered[OFF]),
        }
        for name in starts
    }


def _start(start: _Start) -> tuple[float, float, float]:
    """Seconds until the function asks for its first event, and until its answer is there; and the prediction.

    Raises:
        InvocationFailed: the function failed; the message has the end of its output.
    """
    with tempfile.TemporaryDirectory() as folder, RuntimeApi() as api:
        stamp, log = Path(folder) / "stamp", Path(folder) / "log"
        with log.open("wb") as output:
            process = start.function.start(api.address, stamp=stamp, output=output)
            try:
                api.invoke([start.event], exit_code=process.exit_code, timeout=120)
            except InvocationFailed as error:
                raise InvocationFailed(f"{error}\n{log.read_text()[-2000:]}") from error
            finally:
                process.close()
        # bash writes the decimal sign of the locale.
        began = float(stamp.read_text().replace(",", "."))
        body = json.loads(json.loads(api.answer)["body"])
        assert "warnings" not in body, body["warnings"]
        return api.asked_at - began, api.answered_at - began, body["prediction"]
