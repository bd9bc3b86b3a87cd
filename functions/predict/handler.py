"""Predict: answers the routes of the endpoint. Imports neither boto3, numpy nor scikit-learn."""

# ruff: noqa: E402 - the imports come after what makes them faster
import gc

# There is no garbage yet while a function starts, and looking for it takes a fifteenth of a cold start. The first
# answer turns the collector on.
gc.disable()

import json
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.errors import InvalidRow, NoChampion
from functions.predict import scoring
from functions.predict.answers import Answer, failure, problem, success
from functions.predict.body import MalformedRequest, read_json
from functions.predict.models import Models, Served, models_from_environment
from functions.predict.records import LogPolicy

if TYPE_CHECKING:
    from functions.online_store.stored_rows import StoredRows

# In ASCII: some characters end a line for one reader of the log, and not for another.
logger = Logger(json_serializer=partial(json.dumps, default=str, separators=(",", ":"), allow_nan=False))
metrics = Metrics()
Event = dict[str, Any]


@cache
def models() -> Models:
    return models_from_environment()


@cache
def log_policy() -> LogPolicy:
    return LogPolicy.from_environment()


@cache
def feature_store() -> "StoredRows | None":
    """The online store; None where the stack has none, whose zip is without its code."""
    if not os.environ.get(names.FEATURE_PROJECT):
        return None
    from functions.online_store.stored_rows import stored_rows_from_environment

    return stored_rows_from_environment()


@cache
def protocols() -> dict[str, str]:
    """The other protocols that are on, each by its routes."""
    on = [name for name in os.environ.get(names.PROTOCOLS, "").split(",") if name]
    return {route: name for name in on for route in names.PROTOCOL_ROUTES[name]}


def predict(event: Event) -> Answer:
    started = time.perf_counter()
    served = models().champion()
    request = scoring.read_request(read_json(event), served.model.contract)
    rows = score(event, served, request, started=started)
    return success(scoring.answer(served, request, rows))


def score(event: Event, served: Served, request: scoring.PredictRequest, *, started: float) -> list[scoring.ScoredRow]:
    """The predictions of a request, counted and recorded.

    Args:
        started: when it came, by time.perf_counter.

    Raises:
        InvalidRow, MalformedRequest: as `respond` answers them.
    """
    if request.by_entities:
        request = _with_stored_features(request, served.model.contract)
    rows = scoring.score(served, request)
    duration = (time.perf_counter() - started) * 1000
    metrics.add_metric(names.PREDICTIONS, MetricUnit.Count, len(rows))
    metrics.add_metric(names.PREDICTION_DURATION, MetricUnit.Milliseconds, duration)
    _count_outcome(rejected=0, failed=0)
    if log_policy().applies():
        caller = log_policy().who(event)
        for part in log_policy().lines([row.as_record() for row in rows]):
            logger.info(
                names.RECORD_PREDICT,
                extra={
                    "capture": names.CAPTURE_FORMAT,
                    **_version(served),
                    **caller,
                    "duration_ms": round(duration, 3),
                    "rows": part,
                },
            )
    return rows


def _with_stored_features(request: scoring.PredictRequest, contract: Contract) -> scoring.PredictRequest:
    """
    Raises:
        MalformedRequest: no feature store is deployed.
    """
    store = feature_store()
    if store is None:
        raise MalformedRequest("no feature store is in use here: send all features, without entities")
    # Imported here, since most requests need none of it.
    from functions.predict.joining import join

    joined, reading = join(request, contract, store, datetime.now(UTC))
    if reading:
        metrics.add_metric(names.MISSING_ENTITIES, MetricUnit.Count, reading.missing)
        metrics.add_metric(names.STALE_ENTITIES, MetricUnit.Count, reading.stale)
        metrics.add_metric(names.FEATURE_READ_FAILURES, MetricUnit.Count, 1 if reading.failures else 0)
        metrics.add_metric(names.FEATURE_READ_DURATION, MetricUnit.Milliseconds, reading.milliseconds)
        if reading.failures:
            logger.warning("the feature store could not be read", extra={"causes": reading.failures})
    return joined


def feedback(event: Event) -> Answer:
    # Imported here, since no prediction needs it, and every import adds to the cold start.
    from functions.predict.feedback import read_labels

    contract = models().champion().model.contract
    labels = read_labels(read_json(event), contract)
    records = [label.as_record() for label in labels]
    logger.info(
        names.RECORD_FEEDBACK, extra={"capture": names.CAPTURE_FORMAT, **log_policy().who(event), "labels": records}
    )
    return success({"accepted": len(labels)}, status=202)


def model(_event: Event) -> Answer:
    served = models().champion()
    return success(
        {
            "name": models().name,
            "version": served.champion.version,
            "digest": served.champion.digest,
            "promoted_at": served.champion.promoted_at,
            "metrics": models().metrics(served),
            "contract": json.loads(served.model.contract.to_json()),
        }
    )


def openapi_json(_event: Event) -> Answer:
    # Likewise.
    from functions.predict import openapi

    served = models().champion()
    contract = served.model.contract
    if contract.stored and feature_store() is None:
        contract = replace(contract, stored=())
    others = list(dict.fromkeys(protocols().values()))
    return success(openapi.document(contract, name=models().name, version=served.champion.version, protocols=others))


def health(_event: Event) -> Answer:
    return success({"status": "ok", "model_version": models().champion().champion.version})


# By the route that the gateway has matched.
ROUTES: dict[str, Callable[[Event], Answer]] = {
    "POST /predict": predict,
    "POST /feedback": feedback,
    "GET /model": model,
    "GET /openapi.json": openapi_json,
    "GET /health": health,
}


def respond(event: Event) -> Answer:
    """The answer to a request, whatever it is. An error that is none of the caller's is logged and answered by 500."""
    key = event.get("routeKey", "")
    if key in ROUTES:
        route, refuse = ROUTES[key], failure
    elif key in protocols():
        route, refuse = _translated(protocols()[key])
    else:
        return problem(404, "There is no such route", f"The routes are {', '.join([*ROUTES, *protocols()])}")
    try:
        return route(event)
    except InvalidRow as error:
        _reject(log_policy().errors(error.errors), more=error.more)
        return refuse(422, str(error), error.errors)
    except MalformedRequest as error:
        _reject([error.title if error.quotes else str(error)])
        return refuse(error.status, str(error))
    except NoChampion as error:
        answer = refuse(503, str(error))
        answer["headers"]["Retry-After"] = "60"
        return answer
    # Whatever went wrong, the caller gets an answer and the alarm on errors gets a data point.
    except Exception as error:  # noqa: BLE001
        _count_outcome(rejected=0, failed=1)
        _log_failure(error)
        return refuse(500, "The cause is in the function's log, under the request id")


def _translated(protocol: str) -> tuple[Callable[[Event], Answer], Callable[..., Answer]]:
    """What answers a request in another protocol, and what says there that something is wrong."""
    # Imported here, since no other route needs it.
    from functions.predict.protocols.call import Call, NotServed

    translator = import_module(f"functions.predict.protocols.{protocol.replace('-', '_')}")

    def route(event: Event) -> Answer:
        scored = partial(score, event, started=time.perf_counter())
        try:
            return translator.respond(Call(event=event, name=models().name, champion=models().champion, score=scored))
        except NotServed as error:
            return translator.error(404, str(error))

    return route, translator.error


def _reject(errors: list[Any], *, more: int = 0) -> None:
    _count_outcome(rejected=1, failed=0)
    logger.info("rejected", extra={"errors": errors, **({"more": more} if more else {})})


def _log_failure(error: Exception) -> None:
    """With its traceback; the message of an error may quote a value, and is left out where a feature is."""
    if not log_policy().leave_out:
        logger.exception("prediction failed")
        return
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error("prediction failed", extra={"exception_name": type(error).__name__, "frames": frames})


def _count_outcome(*, rejected: int, failed: int) -> None:
    """Both metrics get a 0 or a 1 for every request: their average is a share, their sum a count."""
    metrics.add_metric(names.REJECTED_REQUESTS, MetricUnit.Count, rejected)
    metrics.add_metric(names.PREDICTION_ERRORS, MetricUnit.Count, failed)


def _version(served: Served) -> dict[str, str]:
    return {"model_version": served.champion.version, "model_digest": served.champion.digest}


@logger.inject_lambda_context
def handler(event: Event, _context: LambdaContext) -> Answer:
    try:
        return respond(event)
    finally:
        if not gc.isenabled():
            # What is there by now stays: it need not be looked at again.
            gc.freeze()
            gc.enable()
        if (failure := models().take_look()) is not None:
            # A look that went well is a 0: only if all of some minutes have failed, somebody must know.
            metrics.add_metric(names.CHAMPION_REFRESH_FAILURES, MetricUnit.Count, 1 if failure else 0)
            if failure:
                logger.warning("the champion could not be looked at", extra={"cause": failure})
        if metrics.metric_set:
            metrics.flush_metrics()
