"""The dashboard on CloudWatch itself, without Prometheus between."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import cloudwatch, dashboard
from grafana_foundation_sdk.models.cloudwatch import CloudWatchQueryMode, MetricEditorMode, MetricQueryType
from grafana_foundation_sdk.models.dashboard import VariableRefresh

from evergreen import names
from integrations.grafana.panels import MILLISECONDS, PLAIN, RATIO, SECONDS, Panels, board

_OWN = names.metric_namespace("$environment")
_TRAFFIC, _CHECKS = "300", "3600"
# Names that CloudFormation makes. A variable finds each by a metric of it and by how it begins: with the stack's name,
# but a state machine's, and the id in the template. The API has an id of its own; one of the account's is to be chosen.
_FOUND = {
    "function": ("AWS/Lambda", "Errors", "FunctionName", "/^evergreen-$environment-PredictionPredictFunction/"),
    "api": ("AWS/ApiGateway", "5xx", "ApiId", ""),
    "stream": (
        "AWS/Firehose",
        "IncomingRecords",
        "DeliveryStreamName",
        "/^evergreen-$environment-CapturePredictStream/",
    ),
    "queue": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "QueueName",
        "/^evergreen-$environment-DeadLettersQueue/",
    ),
    "workflow": ("AWS/States", "ExecutionsSucceeded", "StateMachineArn", "/:stateMachine:.*TrainingStateMachine/"),
}


def build(runbook: str) -> dashboard.Dashboard:
    """
    Args:
        runbook: the address of docs/runbook.md.
    """
    panels = Panels("cloudwatch", "evergreen-cloudwatch")
    described = "The stack's own dashboard, read from CloudWatch. Each look is priced by the metric."
    made = board("Evergreen (CloudWatch)", "evergreen-cloudwatch", described, runbook)
    # Each look costs, and nothing here changes faster.
    made.refresh("5m")
    made.with_variable(dashboard.TextBoxVariable("region").label("Region").default_value("us-east-1"))
    for name, (namespace, metric, dimension, begins) in _FOUND.items():
        made.with_variable(
            dashboard.QueryVariable(name)
            .label(name.title())
            .datasource(panels.source)
            .query(
                {
                    "queryType": "dimensionValues",
                    "region": "$region",
                    "namespace": namespace,
                    "metricName": metric,
                    "dimensionKey": dimension,
                    "dimensionFilters": {},
                    "refId": f"variable-{name}",
                }
            )
            .regex(begins)
            .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        )
    for title, graphs in (
        ("Endpoint", _endpoint(panels)),
        ("Drift and quality, by the newest check", _checks(panels)),
        ("Captures and trainings", _rest(panels)),
        ("Feature store, with [features]", _stored_features(panels)),
    ):
        made.with_row(panels.row(title))
        for graph in graphs:
            made.with_panel(graph)
    return made


def _metric(
    namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str, period: str, label: str
) -> cloudwatch.CloudWatchMetricsQuery:
    """A dimension of `*` stands for each of its values."""
    return (
        cloudwatch.CloudWatchMetricsQuery()
        .query_mode(CloudWatchQueryMode.METRICS)
        .metric_query_type(MetricQueryType.SEARCH)
        .metric_editor_mode(MetricEditorMode.BUILDER)
        .region("$region")
        .namespace(namespace)
        .metric_name(metric)
        .dimensions(dict(dimensions))
        .match_exact(True)
        .statistic(statistic)
        .period(period)
        .label(label)
    )


def _predict(metric: str, statistic: str, label: str) -> cloudwatch.CloudWatchMetricsQuery:
    return _metric(_OWN, metric, {"service": names.METRIC_SERVICE}, statistic, _TRAFFIC, label)


def _check(metric: str, label: str, **more: str) -> cloudwatch.CloudWatchMetricsQuery:
    return _metric(_OWN, metric, {"service": names.MONITORING_SERVICE, **more}, "Maximum", _CHECKS, label)


def _view(metric: str, label: str) -> cloudwatch.CloudWatchMetricsQuery:
    of_view = {"service": names.FEATURES_SERVICE, "view": "*"}
    return _metric(_OWN, metric, of_view, "Maximum", _CHECKS, f"{label} ${{PROP('Dim.view')}}")


def _service(
    variable: str, metric: str, label: str, *, statistic: str = "Sum", period: str = _TRAFFIC
) -> cloudwatch.CloudWatchMetricsQuery:
    namespace, _, dimension, _ = _FOUND[variable]
    return _metric(namespace, metric, {dimension: f"${variable}"}, statistic, period, label)


def _endpoint(panels: Panels):
    return [
        panels.graph("Traffic, rows in five minutes", PLAIN, [_predict(names.PREDICTIONS, "Sum", "predictions")]),
        panels.graph(
            "Errors by cause, requests in five minutes",
            PLAIN,
            [
                _predict(names.PREDICTION_ERRORS, "Sum", "failed"),
                _predict(names.REJECTED_REQUESTS, "Sum", "rejected by the contract"),
                _predict(names.CHAMPION_REFRESH_FAILURES, "Sum", "champion not looked at"),
                _service("function", "Errors", "crashed"),
                _service("function", "Throttles", "throttled"),
                _service("api", "4xx", "4xx at the gateway"),
                _service("api", "5xx", "5xx at the gateway"),
            ],
            runbook=[
                "prediction errors",
                "rejected requests",
                "champion not looked at",
                "crashed requests",
                "throttled requests",
                "gateway errors",
            ],
        ),
        panels.graph(
            "Latency inside the function",
            MILLISECONDS,
            [_predict(names.PREDICTION_DURATION, statistic, statistic) for statistic in ("p50", "p90", "p99")],
            runbook=["latency"],
        ),
        panels.graph(
            "Requests rejected, share",
            RATIO,
            [_predict(names.REJECTED_REQUESTS, "Average", "rejected")],
            runbook=["rejected requests"],
        ),
    ]


def _checks(panels: Panels):
    return [
        panels.graph(
            "Drifted features: their share, and what they carry of the importance",
            RATIO,
            [
                _check(names.DRIFT_SHARE, "share of the features"),
                _check(names.DRIFT_IMPORTANCE, "share of the importance"),
            ],
            runbook=["drift"],
        ),
        panels.graph(
            "Drift by feature and of the predictions, share of the rows",
            RATIO,
            [
                _check(names.FEATURE_DRIFT, "${PROP('Dim.feature')}", feature="*"),
                _check(names.PREDICTION_DRIFT, "predictions"),
            ],
            runbook=["drift"],
        ),
        panels.graph(
            "Quality, in the metric of the model",
            PLAIN,
            [_check(names.LIVE_METRIC, "live"), _check(names.PROMISED_METRIC, "promised by the holdout")],
            runbook=["quality"],
        ),
        panels.graph(
            "Checked rows and labels",
            PLAIN,
            [_check(names.CAPTURED_ROWS, "rows"), _check(names.LABELS, "labels")],
        ),
        panels.graph(
            "What checks found, 1 or 0; broken features",
            PLAIN,
            [
                _check(names.DRIFT_DETECTED, "drift"),
                _check(names.QUALITY_FELL, "quality fell"),
                _check(names.BROKEN_INPUT, "broken input"),
                _check(names.BROKEN_FEATURES, "broken features"),
            ],
            runbook=["drift", "quality", "broken input"],
        ),
        panels.graph("Age of the model, days", PLAIN, [_check(names.MODEL_AGE_DAYS, "days")]),
    ]


def _rest(panels: Panels):
    return [
        panels.graph(
            "Capture lag",
            SECONDS,
            [
                _service("stream", "DeliveryToS3.DataFreshness", "waiting in Firehose", statistic="Maximum"),
                _check(names.CAPTURE_LAG_SECONDS, "from prediction to S3"),
            ],
            runbook=["capture late"],
        ),
        panels.graph(
            "Captured records in five minutes; work left undone",
            PLAIN,
            [
                _service("stream", "IncomingRecords", "captured"),
                _service("queue", "ApproximateNumberOfMessagesVisible", "work left undone", statistic="Maximum"),
            ],
            runbook=["capture refused", "capture missing", "work left undone"],
        ),
        panels.graph(
            "Trainings in an hour",
            PLAIN,
            [
                _service("workflow", metric, label, period=_CHECKS)
                for metric, label in (
                    ("ExecutionsSucceeded", "succeeded"),
                    ("ExecutionsFailed", "failed"),
                    ("ExecutionsTimedOut", "timed out"),
                    ("ExecutionsAborted", "aborted"),
                )
            ],
        ),
    ]


def _stored_features(panels: Panels):
    return [
        panels.graph(
            "Entities that are missing or stale, and reads that failed, in five minutes",
            PLAIN,
            [
                _predict(names.MISSING_ENTITIES, "Sum", "missing"),
                _predict(names.STALE_ENTITIES, "Sum", "stale"),
                _predict(names.FEATURE_READ_FAILURES, "Sum", "failed reads"),
            ],
            runbook=["features unread"],
        ),
        panels.graph(
            "Reads of the store",
            MILLISECONDS,
            [_predict(names.FEATURE_READ_DURATION, statistic, statistic) for statistic in ("p50", "p99")],
        ),
        panels.graph(
            "Age of the newest event by view",
            SECONDS,
            [_view(names.FEATURE_LAG_SECONDS, "age of")],
            runbook=["features stale"],
        ),
        panels.graph(
            "Skew and late values by view",
            PLAIN,
            [
                _view(names.FEATURE_SKEW, "skew of"),
                _view(names.FEATURES_LATE, "late of"),
                _view(names.FEATURE_ROWS_WRITTEN, "rows written of"),
            ],
            runbook=["feature skew", "features late"],
        ),
    ]
