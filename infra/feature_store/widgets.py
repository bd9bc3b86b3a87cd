"""What the dashboard shows of the feature store."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from evergreen import names
from infra.deployment import Deployment, FeatureStoreParameters
from infra.monitoring.alarms import PERIOD
from infra.monitoring.dashboard import graph, status
from infra.monitoring.metrics import own_metric

_RUNS = Duration.hours(1)


def widgets(
    deployment: Deployment, features: FeatureStoreParameters, alarms: Sequence[cloudwatch.IAlarm]
) -> list[cloudwatch.IWidget]:
    """Its alarms, what predictions met there, and what its workflow has written."""

    def of_predictions(metric: str, statistic: str, label: str) -> cloudwatch.IMetric:
        return own_metric(deployment, names.METRIC_SERVICE, metric, statistic, period=PERIOD, label=label)

    def by_view(metric: str, statistic: str = "Maximum", what: str = "") -> list[cloudwatch.IMetric]:
        return [
            own_metric(
                deployment,
                names.FEATURES_SERVICE,
                metric,
                statistic,
                period=_RUNS,
                label=f"{view}{what}",
                view=view,
            )
            for view in features.views
        ]

    return [
        status("Feature store: alarms", alarms),
        graph(
            "Feature store: entities that predictions did not find, or found too old",
            [
                of_predictions(names.MISSING_ENTITIES, "Sum", "missing"),
                of_predictions(names.STALE_ENTITIES, "Sum", "too old"),
                of_predictions(names.FEATURE_READ_FAILURES, "Sum", "requests that could not read it"),
            ],
        ),
        graph(
            "Feature store: reads, ms of a request",
            [of_predictions(names.FEATURE_READ_DURATION, statistic, statistic) for statistic in ("p50", "p99")],
        ),
        graph("Feature store: age of the newest value, seconds", by_view(names.FEATURE_LAG_SECONDS)),
        graph("Feature store: rows written", by_view(names.FEATURE_ROWS_WRITTEN, "Sum")),
        graph(
            "Feature store: predicted values that the history does not have, or had newer",
            [*by_view(names.FEATURE_SKEW), *by_view(names.FEATURES_LATE, what=", late")],
        ),
    ]
