"""The dashboard on what `evergreen export-metrics` gives to Prometheus."""

from grafana_foundation_sdk.builders import dashboard, prometheus

from integrations.grafana.panels import PLAIN, RATIO, SECONDS, Panels, board

_OF = '{environment="$environment"}'
# Prometheus looks once a minute: five minutes have some values, whatever one scrape misses.
_RATE = "[5m]"


def build(runbook: str) -> dashboard.Dashboard:
    """
    Args:
        runbook: the address of docs/runbook.md.
    """
    panels = Panels("prometheus", "evergreen-prometheus")
    described = "What evergreen export-metrics gives to Prometheus, in the order of urgency."
    made = board("Evergreen (Prometheus)", "evergreen-prometheus", described, runbook)
    for title, graphs in (
        ("Now", _now(panels)),
        ("Endpoint", _endpoint(panels)),
        ("Drift and quality, by the newest check", _checks(panels)),
        ("Captures", _captures(panels)),
        ("Feature store, with [features]", _stored_features(panels)),
    ):
        made.with_row(panels.row(title))
        for graph in graphs:
            made.with_panel(graph)
    return made


def _query(expression: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).legend_format(legend).range()


def _now_query(expression: str, legend: str = "") -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).legend_format(legend).instant()


def _rate(counter: str, legend: str) -> prometheus.Dataquery:
    return _query(f"rate({counter}{_OF}{_RATE})", legend)


def _gauge(name: str, legend: str) -> prometheus.Dataquery:
    return _query(f"{name}{_OF}", legend)


def _now(panels: Panels):
    firing = '{environment="$environment", state="ALARM"}'
    return [
        panels.number("Champion", PLAIN, [_now_query(f"evergreen_model_info{_OF}", "{{version}}")], by_name=True),
        panels.number(
            "Alarms that fire", PLAIN, [_now_query(f"evergreen_alarm_state{firing} == 1", "{{alarm}}")], by_name=True
        ),
        panels.number("Drift", PLAIN, [_now_query(f"evergreen_drift_detected{_OF}")], runbook=["drift"]),
        panels.number("Quality fell", PLAIN, [_now_query(f"evergreen_quality_fell{_OF}")], runbook=["quality"]),
        panels.number(
            "CloudWatch answers",
            PLAIN,
            [_now_query(f"evergreen_cloudwatch_up{_OF}")],
            runbook=["cloudwatch does not answer"],
        ),
        panels.number(
            "Age of what is shown",
            SECONDS,
            [_now_query(f"evergreen_cloudwatch_age_seconds{_OF}")],
            runbook=["the exporter does not answer"],
        ),
    ]


def _endpoint(panels: Panels):
    return [
        panels.graph("Traffic, rows a second", PLAIN, [_rate("predictions_total", "predictions")]),
        panels.graph(
            "Errors by cause, requests a second",
            PLAIN,
            [
                _rate("prediction_errors_total", "failed"),
                _rate("prediction_requests_rejected_total", "rejected by the contract"),
                _rate("evergreen_champion_look_failures_total", "champion not looked at"),
                _rate("evergreen_function_errors_total", "crashed"),
                _rate("evergreen_function_throttles_total", "throttled"),
                _rate("evergreen_gateway_errors_total", "5xx at the gateway"),
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
            SECONDS,
            [_query(f"prediction_duration_seconds{_OF}", "quantile {{quantile}}")],
            runbook=["latency"],
            description="CloudWatch's own quantiles, of the newest five minutes that are over.",
        ),
        panels.graph(
            "Requests rejected, share",
            RATIO,
            [
                _query(
                    f"rate(prediction_requests_rejected_total{_OF}{_RATE})"
                    f" / rate(prediction_requests_total{_OF}{_RATE})",
                    "rejected",
                )
            ],
            runbook=["rejected requests"],
        ),
    ]


def _checks(panels: Panels):
    return [
        panels.graph(
            "Drifted features: their share, and what they carry of the importance",
            RATIO,
            [
                _gauge("evergreen_drifted_features_ratio", "share of the features"),
                _gauge("evergreen_drifted_importance_ratio", "share of the importance"),
            ],
            runbook=["drift"],
        ),
        panels.graph(
            "Drift by feature and of the predictions, share of the rows",
            RATIO,
            [
                _gauge("evergreen_feature_drift_ratio", "{{feature}}"),
                _gauge("evergreen_prediction_drift_ratio", "predictions"),
            ],
            runbook=["drift"],
        ),
        panels.graph(
            "Quality, in the metric of the model",
            PLAIN,
            [_gauge("evergreen_quality_live", "live"), _gauge("evergreen_quality_promised", "promised by the holdout")],
            runbook=["quality"],
        ),
        panels.graph(
            "Checked rows and labels",
            PLAIN,
            [_gauge("evergreen_checked_rows", "rows"), _gauge("evergreen_checked_labels", "labels")],
        ),
        panels.graph(
            "Broken features and input",
            PLAIN,
            [_gauge("evergreen_broken_features", "features"), _gauge("evergreen_broken_input", "input")],
            runbook=["broken input"],
        ),
        panels.graph("Age of the model at the check", SECONDS, [_gauge("evergreen_model_age_seconds", "age")]),
    ]


def _captures(panels: Panels):
    return [
        panels.graph(
            "Capture lag",
            SECONDS,
            [
                _gauge("evergreen_capture_waiting_seconds", "waiting in Firehose"),
                _gauge("evergreen_capture_lag_seconds", "from prediction to S3"),
            ],
            runbook=["capture late"],
        ),
        panels.graph(
            "Captured and refused, records a second; work left undone",
            PLAIN,
            [
                _rate("evergreen_capture_records_total", "captured"),
                _rate("evergreen_capture_delivery_errors_total", "refused"),
                _gauge("evergreen_undone_work", "work left undone"),
            ],
            runbook=["capture refused", "capture missing", "work left undone"],
        ),
    ]


def _stored_features(panels: Panels):
    return [
        panels.graph(
            "Entities that are missing or stale, and reads that failed, a second",
            PLAIN,
            [
                _rate("evergreen_missing_entities_total", "missing"),
                _rate("evergreen_stale_entities_total", "stale"),
                _rate("evergreen_feature_read_failures_total", "failed reads"),
            ],
            runbook=["features unread"],
        ),
        panels.graph(
            "Reads of the store",
            SECONDS,
            [_query(f"evergreen_feature_read_duration_seconds{_OF}", "quantile {{quantile}}")],
        ),
        panels.graph(
            "Age of the newest event by view",
            SECONDS,
            [_gauge("evergreen_feature_lag_seconds", "{{view}}")],
            runbook=["features stale"],
        ),
        panels.graph(
            "Skew and late values by view",
            PLAIN,
            [
                _gauge("evergreen_feature_skew", "skew of {{view}}"),
                _gauge("evergreen_features_late", "late of {{view}}"),
                _gauge("evergreen_feature_rows_written", "rows written of {{view}}"),
            ],
            runbook=["feature skew", "features late"],
        ),
    ]
