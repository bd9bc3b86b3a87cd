"""Predict: answers the routes of the endpoint. Imports neither boto3, numpy nor scikit-learn."""

import json
import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names
from evergreen.errors import InvalidRow, NoChampion
from functions.predict import openapi, scoring
from functions.predict.body import MalformedRequest, read_json
from functions.predict.feedback import read_labels
from functions.predict.models import Models, Served, models_from_environment
from functions.predict.problems import problem
from functions.predict.records import LogPolicy

logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver()


@cache
def models() -> Models:
    return models_from_environment()


@cache
def log_policy() -> LogPolicy:
    return LogPolicy.from_environment()


@app.post("/predict")
def predict() -> dict[str, Any]:
    started = time.perf_counter()
    served = models().champion()
    request = scoring.read_request(read_json(app.current_event.raw_event))
    rows = scoring.score(served, request)
    duration = (time.perf_counter() - started) * 1000
    metrics.add_metric(names.PREDICTIONS, MetricUnit.Count, len(rows))
    metrics.add_metric(names.PREDICTION_DURATION, MetricUnit.Milliseconds, duration)
    _count_outcome(rejected=0, failed=0)
    if log_policy().applies():
        for part in log_policy().lines([row.as_record() for row in rows]):
            logger.info("predict", extra={**_version(served), "duration_ms": round(duration, 3), "rows": part})
    return scoring.answer(served, request, rows)


@app.post("/feedback")
def feedback() -> Response[str]:
    contract = models().champion().model.contract
    labels = read_labels(read_json(app.current_event.raw_event), contract)
    logger.info("feedback", extra={"labels": [label.as_record() for label in labels]})
    return Response(202, content_type="application/json", body=json.dumps({"accepted": len(labels)}))


@app.get("/model")
def model() -> dict[str, Any]:
    served = models().champion()
    return {
        "name": models().name,
        "version": served.champion.version,
        "digest": served.champion.digest,
        "promoted_at": served.champion.promoted_at,
        "metrics": models().metrics(served),
        "contract": json.loads(served.model.contract.to_json()),
    }


@app.get("/openapi.json")
def openapi_json() -> dict[str, Any]:
    served = models().champion()
    return openapi.document(served.model.contract, name=models().name, version=served.champion.version)


@app.get("/health")
def health() -> dict[str, Any]:
    return {"status": "ok", "model_version": models().champion().champion.version}


@app.exception_handler(InvalidRow)
def invalid_row(error: InvalidRow) -> Response[str]:
    _count_outcome(rejected=1, failed=0)
    errors = [item.as_dict() for item in error.errors]
    logger.info("rejected", extra={"errors": errors})
    return problem(422, "The request does not fit the model's contract", str(error), errors=errors)


@app.exception_handler(MalformedRequest)
def malformed_request(error: MalformedRequest) -> Response[str]:
    _count_outcome(rejected=1, failed=0)
    logger.info("rejected", extra={"errors": [str(error)]})
    return problem(error.status, "The request is malformed", str(error))


@app.exception_handler(NoChampion)
def no_champion(error: NoChampion) -> Response[str]:
    return problem(503, "There is no model yet", str(error), headers={"Retry-After": "60"})


@app.exception_handler(NotFoundError)
def not_found(_error: NotFoundError) -> Response[str]:
    return problem(404, "There is no such route", f"The routes are {', '.join(names.ROUTES)}")


# Whatever went wrong, the caller gets an answer, and the alarm on errors gets its data point.
@app.exception_handler(Exception)
def unexpected(error: Exception) -> Response[str]:
    _count_outcome(rejected=0, failed=1)
    logger.error("prediction failed", exc_info=error)
    return problem(500, "The prediction failed", "The cause is in the function's log, under the request id")


def _count_outcome(*, rejected: int, failed: int) -> None:
    """Both metrics get a 0 or a 1 for every request: their average is a share, their sum a count."""
    metrics.add_metric(names.REJECTED_REQUESTS, MetricUnit.Count, rejected)
    metrics.add_metric(names.PREDICTION_ERRORS, MetricUnit.Count, failed)


def _version(served: Served) -> dict[str, str]:
    return {"model_version": served.champion.version, "model_digest": served.champion.digest}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    try:
        return app.resolve(event, context)
    finally:
        if failure := models().take_failure():
            metrics.add_metric(names.CHAMPION_REFRESH_FAILURES, MetricUnit.Count, 1)
            logger.warning("the champion could not be looked at", extra={"cause": failure})
        if metrics.metric_set:
            metrics.flush_metrics()
