"""Which metric of CloudWatch becomes which of Prometheus, and what is said of it there.

Names end in their unit, counters in _total (https://prometheus.io/docs/practices/naming/). What the field has names for
has those; all else begins with evergreen_.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from evergreen import names

QUANTILES = ("0.5", "0.9", "0.99")
_DAY_SECONDS = 86400.0


class Kind(Enum):
    """What a metric of CloudWatch is made into."""

    COUNTER = "counter"  # the growth of a sum since the exporter's start
    GAUGE = "gauge"  # the newest value
    DURATION = "duration"  # a summary: count and sum since the exporter's start, quantiles of the last five minutes


@dataclass(frozen=True, kw_only=True)
class Series:
    """
    Attributes:
        name: of the metric of Prometheus; of a counter without its _total.
        about: a sentence on what it says, without what its kind says.
        service: the dimension `service` of a metric of ours, or the namespace of one of AWS's.
        metric: its name in CloudWatch.
        statistic: the one that is read; a DURATION has five of its own.
        scale: what a value is multiplied by, so that it is in seconds.
        label: a further dimension, whose values become the label of the same name.
        seldom: it changes once in hours: its newest value holds until there is another.
        alarm: of a metric of AWS, the stack's alarm that looks at it: the alarm knows which function or queue is meant.
    """

    name: str
    about: str
    kind: Kind
    service: str
    metric: str
    statistic: str = "Sum"
    scale: float = 1.0
    label: str = ""
    seldom: bool = False
    alarm: str = ""

    @property
    def window_requests(self) -> str:
        """Of a DURATION, the name of the gauge that says how many requests its quantiles are of."""
        return f"evergreen_{self.name.removeprefix('evergreen_').removesuffix('_seconds')}_window_requests"

    @property
    def help(self) -> str:
        return f"{self.about} {_OF_KIND[self.kind, self.seldom]}"


_OF_KIND: Mapping[tuple[Kind, bool], str] = {
    (Kind.COUNTER, False): (
        "Counts from 0 since the exporter's start: what comes while the exporter is down is missing, what comes while "
        "CloudWatch does not answer is added afterwards."
    ),
    (Kind.DURATION, False): (
        "Count and sum are since the exporter's start, as of a counter. The quantiles are CloudWatch's own, of the "
        "newest five minutes by the clock that are over: NaN without requests, and not to be averaged."
    ),
    (Kind.GAUGE, False): "The newest minute's; absent if ten minutes have none.",
    (Kind.GAUGE, True): "The newest that CloudWatch has; absent if the last month had none.",
}


def _counter(name: str, metric: str, about: str, *, statistic: str = "Sum") -> Series:
    return Series(
        name=name, about=about, kind=Kind.COUNTER, service=names.METRIC_SERVICE, metric=metric, statistic=statistic
    )


def _milliseconds(name: str, metric: str, about: str) -> Series:
    return Series(name=name, about=about, kind=Kind.DURATION, service=names.METRIC_SERVICE, metric=metric, scale=0.001)


def _of_aws(name: str, of: tuple[str, str, str], about: str, *, kind: Kind = Kind.COUNTER) -> Series:
    """
    Args:
        of: namespace, metric, and the alarm that looks at it.
    """
    namespace, metric, alarm = of
    return Series(
        name=f"evergreen_{name}",
        about=about,
        kind=kind,
        service=namespace,
        metric=metric,
        statistic="Sum" if kind is Kind.COUNTER else "Maximum",
        alarm=alarm,
    )


def _of_check(name: str, metric: str, about: str, *, scale: float = 1.0, label: str = "") -> Series:
    return Series(
        name=f"evergreen_{name}",
        about=about,
        kind=Kind.GAUGE,
        service=names.MONITORING_SERVICE,
        metric=metric,
        statistic="Maximum",
        scale=scale,
        label=label,
        seldom=True,
    )


def _of_view(name: str, metric: str, about: str) -> Series:
    return Series(
        name=f"evergreen_{name}",
        about=about,
        kind=Kind.GAUGE,
        service=names.FEATURES_SERVICE,
        metric=metric,
        statistic="Maximum",
        label="view",
        seldom=True,
    )


# Of each stack, read each time.
REQUESTS = (
    _counter("predictions", names.PREDICTIONS, "Rows that were predicted."),
    _milliseconds(
        "prediction_duration_seconds",
        names.PREDICTION_DURATION,
        "Time of a request that was answered with predictions, inside the function.",
    ),
    _counter(
        "prediction_requests",
        names.REJECTED_REQUESTS,
        "Requests that were answered with predictions, rejected, or failed.",
        statistic="SampleCount",
    ),
    _counter(
        "prediction_requests_rejected",
        names.REJECTED_REQUESTS,
        "Requests that did not fit the model's contract, answered by a 4xx.",
    ),
    _counter("prediction_errors", names.PREDICTION_ERRORS, "Requests of which the prediction failed, answered by 500."),
    _counter(
        "evergreen_champion_looks",
        names.CHAMPION_REFRESH_FAILURES,
        "Looks of the endpoint at which version is champion.",
        statistic="SampleCount",
    ),
    _counter(
        "evergreen_champion_look_failures",
        names.CHAMPION_REFRESH_FAILURES,
        "Looks of the endpoint at which version is champion that failed; the present one goes on serving.",
    ),
)
SERVICES = (
    _of_aws(
        "function_errors", ("AWS/Lambda", "Errors", "crashed requests"), "Requests that ended the predict function."
    ),
    _of_aws(
        "function_throttles",
        ("AWS/Lambda", "Throttles", "throttled requests"),
        "Requests that Lambda refused for its limit.",
    ),
    _of_aws("gateway_errors", ("AWS/ApiGateway", "5xx", "gateway errors"), "Answers of the HTTP API with a 5xx."),
    _of_aws(
        "capture_delivery_errors",
        ("AWS/Logs", "DeliveryErrors", "capture refused"),
        "Records of predictions that could not be handed to Firehose.",
    ),
    _of_aws(
        "capture_records",
        ("AWS/Firehose", "IncomingRecords", "capture missing"),
        "Records of predictions that reached Firehose; one holds those of several requests.",
    ),
    _of_aws(
        "capture_waiting_seconds",
        ("AWS/Firehose", "DeliveryToS3.DataFreshness", "capture late"),
        "How long the oldest record of predictions has waited in Firehose.",
        kind=Kind.GAUGE,
    ),
    _of_aws(
        "undone_work",
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "work left undone"),
        "Drift checks, notifications and releases of a lease that failed after all retries, in the queue.",
        kind=Kind.GAUGE,
    ),
)

# Of a check, which comes once in hours.
CHECKS = (
    _of_check("drift_detected", names.DRIFT_DETECTED, "1 if the newest check that could tell found drift, else 0."),
    _of_check("quality_fell", names.QUALITY_FELL, "1 if the newest check that could tell found worse quality, else 0."),
    _of_check("broken_input", names.BROKEN_INPUT, "1 if the newest check could not read all records, else 0."),
    _of_check("drifted_features_ratio", names.DRIFT_SHARE, "Share of the features that have drifted."),
    _of_check(
        "drifted_importance_ratio",
        names.DRIFT_IMPORTANCE,
        "Share of the permutation importance that drifted features carry.",
    ),
    _of_check("broken_features", names.BROKEN_FEATURES, "Features that arrive broken."),
    _of_check(
        "feature_drift_ratio",
        names.FEATURE_DRIFT,
        "How far a feature has moved, as a share of the rows; of the newest check alone.",
        label="feature",
    ),
    _of_check("prediction_drift_ratio", names.PREDICTION_DRIFT, "How far the predictions have moved, as a share."),
    _of_check("quality_live", names.LIVE_METRIC, "The model's metric on labelled predictions, in its own unit."),
    _of_check("quality_promised", names.PROMISED_METRIC, "The model's metric on the holdout, in its own unit."),
    _of_check("checked_rows", names.CAPTURED_ROWS, "Rows that the check looked at."),
    _of_check("checked_labels", names.LABELS, "Labels that the check of quality looked at."),
    _of_check(
        "model_age_seconds",
        names.MODEL_AGE_DAYS,
        "Age of the champion at the moment of the check.",
        scale=_DAY_SECONDS,
    ),
    _of_check("capture_lag_seconds", names.CAPTURE_LAG_SECONDS, "Time from a prediction to its record in S3."),
)

# Of a stack with a feature store: of requests that read it, and of the job that writes it.
STORED_FEATURES = (
    _counter("evergreen_missing_entities", names.MISSING_ENTITIES, "Entities of requests that are not in the store."),
    _counter(
        "evergreen_stale_entities",
        names.STALE_ENTITIES,
        "Entities of requests that are older than their view allows.",
    ),
    _counter(
        "evergreen_feature_read_failures", names.FEATURE_READ_FAILURES, "Requests for which a view could not be read."
    ),
    _milliseconds(
        "evergreen_feature_read_duration_seconds",
        names.FEATURE_READ_DURATION,
        "Time that a request's reads of the feature store took.",
    ),
    _of_view("feature_rows_written", names.FEATURE_ROWS_WRITTEN, "Rows of a view that the newest run wrote online."),
    _of_view("feature_lag_seconds", names.FEATURE_LAG_SECONDS, "Age of a view's newest event at the newest run."),
    _of_view(
        "feature_skew",
        names.FEATURE_SKEW,
        "Served values of a view that its history does not have, of the predictions that the newest run compared.",
    ),
    _of_view(
        "features_late",
        names.FEATURES_LATE,
        "Predictions for which a view's history had a newer event, of those that the newest run compared.",
    ),
)

ALL = (*REQUESTS, *SERVICES, *CHECKS, *STORED_FEATURES)
