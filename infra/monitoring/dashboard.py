"""The dashboard: one column, so that it reads on a phone as it does on a desk, the most urgent first."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from evergreen import names
from infra.deployment import Deployment
from infra.monitoring.capture import Capture
from infra.monitoring.metrics import capture_freshness, gateway_metric, own_metric
from infra.serving.serving import Serving
from infra.training.workflow import TrainingWorkflow

_WIDTH = 24
_HEIGHT = 6
_TRAFFIC = Duration.minutes(5)
_CHECKS = Duration.hours(1)


class Dashboard(Construct):
    """`name` is that of the dashboard in CloudWatch."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        deployment: Deployment,
        *,
        serving: Serving,
        capture: Capture,
        workflow: TrainingWorkflow,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        environment, settings = deployment.environment.name, deployment.settings
        self._dashboard = cloudwatch.Dashboard(
            self, "Resource", dashboard_name=deployment.stack_name, default_interval=Duration.days(1)
        )
        heading = cloudwatch.TextWidget(
            width=_WIDTH,
            height=2,
            markdown=f"# {settings.model_name}, {environment}\nChecked every {settings.every_hours} hours. Now: "
            f"`evergreen drift -e {environment}`",
        )
        widgets: list[cloudwatch.IWidget] = [
            heading,
            status("Alarms", alarms),
            graph("Traffic, rows", [self._predict(names.PREDICTIONS, "Sum", "predictions")]),
            graph("Errors by cause, requests", self._errors(serving)),
            graph(
                "Latency, ms inside the function",
                [self._predict(names.PREDICTION_DURATION, statistic, statistic) for statistic in ("p50", "p99")],
            ),
            graph(
                "Drifted features: their share, and what they carry of the importance",
                [
                    self._check(names.DRIFT_SHARE, "Maximum", "share of the features"),
                    self._check(names.DRIFT_IMPORTANCE, "Maximum", "share of the importance"),
                ],
                annotations={
                    "alarm above, features": settings.drift_share,
                    "alarm above, importance": settings.drift_importance,
                },
            ),
            graph("Broken features", [self._check(names.BROKEN_FEATURES, "Maximum", "features")]),
            graph(
                "Drift by feature and of the predictions, share of the rows",
                [self._by_feature(), self._check(names.PREDICTION_DRIFT, "Maximum", "predictions")],
            ),
            graph(
                f"Quality: {settings.metric}",
                [
                    self._check(names.LIVE_METRIC, "Average", "live"),
                    self._check(names.PROMISED_METRIC, "Average", "promised by the holdout"),
                ],
            ),
            graph(
                "Checked rows and labels",
                [
                    self._check(names.CAPTURED_ROWS, "Maximum", "rows"),
                    self._check(names.LABELS, "Maximum", "labels"),
                ],
            ),
            graph("Capture lag, seconds", [*self._capture_lag(capture)]),
            graph("Age of the model, days", [self._check(names.MODEL_AGE_DAYS, "Maximum", "days")]),
            graph("Trainings", self._trainings(workflow)),
        ]
        self.add(widgets)
        self.name = deployment.stack_name

    def add(self, widgets: Sequence[cloudwatch.IWidget]) -> None:
        """Put widgets of another part of the stack below the others."""
        for widget in widgets:
            self._dashboard.add_widgets(widget)

    def _predict(self, metric: str, statistic: str, label: str) -> cloudwatch.Metric:
        return own_metric(self._deployment, names.METRIC_SERVICE, metric, statistic, period=_TRAFFIC, label=label)

    def _check(self, metric: str, statistic: str, label: str) -> cloudwatch.Metric:
        return own_metric(self._deployment, names.MONITORING_SERVICE, metric, statistic, period=_CHECKS, label=label)

    def _errors(self, serving: Serving) -> list[cloudwatch.IMetric]:
        own = (
            (names.PREDICTION_ERRORS, "failed"),
            (names.REJECTED_REQUESTS, "rejected by the contract"),
            (names.CHAMPION_REFRESH_FAILURES, "champion not refreshed"),
        )
        throttled = serving.function.lambda_function.metric_throttles(
            label="throttled", period=_TRAFFIC, statistic="Sum"
        )
        return [
            *(self._predict(metric, "Sum", label) for metric, label in own),
            throttled,
            *(
                gateway_metric(serving, metric, period=_TRAFFIC, label=label)
                for metric, label in (("4xx", "4xx at the gateway"), ("5xx", "5xx at the gateway"))
            ),
        ]

    def _by_feature(self) -> cloudwatch.IMetric:
        """Of whatever features the champion has: the stack does not know them."""
        schema = f"{names.metric_namespace(self._deployment.environment.name)},feature,service"
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{{{schema}}} MetricName=\"{names.FEATURE_DRIFT}\"', 'Maximum', 3600)",
            label="",
            using_metrics={},
            period=_CHECKS,
        )

    def _capture_lag(self, capture: Capture) -> list[cloudwatch.IMetric]:
        freshness = capture_freshness(capture, period=_TRAFFIC, label="waiting in Firehose")
        return [self._check(names.CAPTURE_LAG_SECONDS, "Maximum", "from prediction to S3"), freshness]

    def _trainings(self, workflow: TrainingWorkflow) -> list[cloudwatch.IMetric]:
        return [
            cloudwatch.Metric(
                namespace="AWS/States",
                metric_name=metric,
                dimensions_map={"StateMachineArn": workflow.arn},
                statistic="Sum",
                label=label,
                period=_CHECKS,
            )
            for metric, label in (
                ("ExecutionsSucceeded", "succeeded"),
                ("ExecutionsFailed", "failed"),
                ("ExecutionsTimedOut", "timed out"),
                ("ExecutionsAborted", "aborted"),
            )
        ]


def status(title: str, alarms: Sequence[cloudwatch.IAlarm]) -> cloudwatch.IWidget:
    """Each alarm and whether it fires."""
    return cloudwatch.AlarmStatusWidget(title=title, width=_WIDTH, height=4, alarms=list(alarms))


def graph(
    title: str, metrics: Sequence[cloudwatch.IMetric], *, annotations: Mapping[str, float] | None = None
) -> cloudwatch.IWidget:
    """
    Args:
        annotations: horizontal lines, by their label.
    """
    lines = (annotations or {}).items()
    return cloudwatch.GraphWidget(
        title=title,
        width=_WIDTH,
        height=_HEIGHT,
        left=list(metrics),
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        left_annotations=[cloudwatch.HorizontalAnnotation(value=value, label=label) for label, value in lines],
        legend_position=cloudwatch.LegendPosition.BOTTOM,
    )
