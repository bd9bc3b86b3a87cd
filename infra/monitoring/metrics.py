"""Metrics that alarms fire on and the dashboard draws."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from evergreen import names
from infra.deployment import Deployment
from infra.monitoring.capture import Capture
from infra.serving.serving import Serving


def own_metric(
    deployment: Deployment,
    service: str,
    metric: str,
    statistic: str,
    *,
    period: Duration,
    label: str | None = None,
    view: str | None = None,
) -> cloudwatch.Metric:
    """A metric that our functions and jobs write.

    Args:
        service: names.METRIC_SERVICE, names.MONITORING_SERVICE or names.FEATURES_SERVICE.
        label: of the line that is drawn.
        view: the feature view that it is about, of names.FEATURES_SERVICE.
    """
    return cloudwatch.Metric(
        namespace=names.metric_namespace(deployment.environment.name),
        metric_name=metric,
        dimensions_map={"service": service, **({"view": view} if view else {})},
        statistic=statistic,
        label=label,
        period=period,
    )


def gateway_metric(serving: Serving, metric: str, *, period: Duration, label: str | None = None) -> cloudwatch.Metric:
    """How many answers of the HTTP API were of a kind: 4xx or 5xx."""
    return cloudwatch.Metric(
        namespace="AWS/ApiGateway",
        metric_name=metric,
        dimensions_map={"ApiId": serving.api_id},
        statistic="Sum",
        label=label,
        period=period,
    )


def capture_freshness(capture: Capture, *, period: Duration, label: str | None = None) -> cloudwatch.Metric:
    """How long the oldest record has waited in Firehose, in seconds."""
    return _of_the_stream(capture, "DeliveryToS3.DataFreshness", "Maximum", period=period, label=label)


def incoming_records(capture: Capture, *, period: Duration) -> cloudwatch.Metric:
    """How many records of predictions have reached Firehose."""
    return _of_the_stream(capture, "IncomingRecords", "Sum", period=period)


def _of_the_stream(
    capture: Capture, metric: str, statistic: str, *, period: Duration, label: str | None = None
) -> cloudwatch.Metric:
    """A metric that Firehose writes of the predictions' stream."""
    return cloudwatch.Metric(
        namespace="AWS/Firehose",
        metric_name=metric,
        dimensions_map={"DeliveryStreamName": capture.predictions.ref},
        statistic=statistic,
        label=label,
        period=period,
    )
