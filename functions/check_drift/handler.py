"""Check drift: on a schedule, or for `evergreen drift`. Imports nothing large before its packages are unpacked."""

import json
import os
import uuid
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from evergreen import names
from evergreen.captures.records import Faults
from functions.check_drift.capture_files import CaptureFiles
from functions.check_drift.packages import add_packages
from functions.check_drift.renewal import Renewal, renewal_of_environment
from functions.check_drift.result import BROKEN_INPUT, INSUFFICIENT_DATA, CheckResult
from functions.model_store import model_store

logger = Logger()
metrics = Metrics()

# Records take up to some minutes to reach S3. A scheduled window ends that long ago, so that no record falls
# between two windows.
_SETTLED = timedelta(minutes=10)


@cache
def _s3() -> Any:
    return boto3.client("s3")


@logger.inject_lambda_context
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """
    Args:
        event: `start` and `end` of the window, ISO 8601; without them, the window of the schedule that ends now.
            `renew`, whether what it finds may begin a renewal: without it, that of a schedule may.

    Returns:
        The result, as it is stored.
    """
    now = datetime.now(UTC)
    end = _moment(event["end"]) if "end" in event else now - _SETTLED
    hours = timedelta(hours=float(os.environ[names.WINDOW_HOURS]))
    start = _moment(event["start"]) if "start" in event else end - hours
    # Who looks at a window by hand only looks.
    renewal = renewal_of_environment(_s3(), may_begin=event.get("renew", "start" not in event))
    result = _check(start, end, now, renewal)
    _count(result)
    if renewal:
        renewal.begin(result)
    logger.info("checked", extra={"result": asdict(result)})
    return asdict(result)


def _moment(text: str) -> datetime:
    """ISO 8601; in UTC if it names no zone."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check(start: datetime, end: datetime, now: datetime, renewal: Renewal | None) -> CheckResult:
    model = os.environ[names.MODEL_NAME]
    pointer = model_store().pointer(model)
    champion = pointer.champion if pointer else None
    if champion is None:
        lacking = "the champion pointer cannot be read; run: evergreen rollback"
        moment = now.isoformat(timespec="seconds")
        return CheckResult(
            model=model,
            version="",
            status=INSUFFICIENT_DATA,
            reason=lacking if pointer else f"no version of {model} has been promoted yet; run: evergreen train",
            since=moment,
            start=start.isoformat(timespec="seconds"),
            end=end.isoformat(timespec="seconds"),
            checked_at=moment,
        )
    add_packages(_s3(), bucket=os.environ[names.PACKAGES_BUCKET], key=os.environ[names.PACKAGES_KEY])
    # These can be imported only now.
    from functions.check_drift.check import check
    from functions.check_drift.subject import Subject

    subject = Subject(
        model=model,
        champion=champion,
        bundle=model_store().bundle(champion.bundle),
        not_captured=json.loads(os.environ.get(names.LOG_LEAVE_OUT, "[]")),
    )
    bucket = os.environ[names.CAPTURE_BUCKET]
    latest = names.latest_check_key(model)
    captures = CaptureFiles(_s3(), bucket, Faults())
    result, html = check(
        subject,
        captures,
        start=start,
        end=end,
        now=now,
        previous=_stored(bucket, latest),
        judged_until=renewal.judged_until() if renewal else "",
    )
    if renewal:
        result.renewal = renewal.consider(result, minimum_labels=subject.quality.minimum_labels)
    # A folder of its own: two checks at once do not meet. What is found by its name comes last.
    folder = f"{names.CHECKS_PREFIX}{model}/{now:%Y/%m/%d/%H%M%S}-{uuid.uuid4().hex[:6]}/"
    if html:
        _s3().put_object(Bucket=bucket, Key=f"{folder}report.html", Body=html, ContentType="text/html; charset=utf-8")
        result.report = f"s3://{bucket}/{folder}report.html"
    for key in (f"{folder}result.json", latest):
        _s3().put_object(Bucket=bucket, Key=key, Body=result.to_json(), ContentType="application/json")
    return result


def _stored(bucket: str, key: str) -> dict[str, Any]:
    """The result of the check before; nothing before the first."""
    try:
        return dict(json.loads(_s3().get_object(Bucket=bucket, Key=key)["Body"].read()))
    except _s3().exceptions.NoSuchKey:
        return {}


def _count(result: CheckResult) -> None:
    """Metrics of a check. A metric that the check cannot determine is left out, so that its alarm keeps its state."""
    metrics.add_metric(names.CAPTURED_ROWS, MetricUnit.Count, result.rows)
    metrics.add_metric(names.BROKEN_INPUT, MetricUnit.Count, int(result.status == BROKEN_INPUT))
    if result.share is not None:
        metrics.add_metric(names.DRIFT_SHARE, MetricUnit.NoUnit, result.share)
        metrics.add_metric(names.DRIFT_DETECTED, MetricUnit.Count, int(result.drifting))
        metrics.add_metric(names.BROKEN_FEATURES, MetricUnit.Count, result.broken_features or 0)
    if result.importance is not None:
        metrics.add_metric(names.DRIFT_IMPORTANCE, MetricUnit.NoUnit, result.importance)
    if result.prediction:
        metrics.add_metric(names.PREDICTION_DRIFT, MetricUnit.NoUnit, result.prediction["distance"])
    if result.quality:
        metrics.add_metric(names.QUALITY_FELL, MetricUnit.Count, int(result.quality["fell"]))
        metrics.add_metric(names.LIVE_METRIC, MetricUnit.NoUnit, result.quality["live"])
        metrics.add_metric(names.PROMISED_METRIC, MetricUnit.NoUnit, result.quality["promised"])
        metrics.add_metric(names.LABELS, MetricUnit.Count, result.quality["labels"])
    if result.model_age_days is not None:
        metrics.add_metric(names.MODEL_AGE_DAYS, MetricUnit.NoUnit, result.model_age_days)
    if result.capture_lag_seconds is not None:
        metrics.add_metric(names.CAPTURE_LAG_SECONDS, MetricUnit.Seconds, result.capture_lag_seconds)
    metrics.flush_metrics()
    for feature in result.features:
        with single_metric(names.FEATURE_DRIFT, MetricUnit.NoUnit, feature["distance"]) as metric:
            metric.add_dimension("feature", feature["name"])
