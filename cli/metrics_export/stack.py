"""What is asked of AWS about one stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from botocore.config import Config
from botocore.exceptions import ClientError

from cli.aws.refusals import is_denied
from cli.aws.target import Target
from cli.metrics_export.queries import Query
from evergreen import names
from evergreen.versions.champion import Champion

# Seconds. A scrape must not wait for long; what does not answer is asked again at the next read.
_CONNECT, _ANSWER = 3, 5
Points: TypeAlias = Mapping[datetime, float]


@dataclass(frozen=True)
class Alarm:
    """
    Attributes:
        name: after the stack's.
        metrics: the dimensions of each metric that it looks at, by namespace and name.
    """

    name: str
    state: str
    metrics: Mapping[tuple[str, str], tuple[tuple[str, str], ...]]


class Stack:
    """Metrics, alarms and champion of a deployed stack. Each call may raise what cli.aws.refusals.FAILURES names.

    Attributes:
        has_feature_store: whether it has metrics of one.
    """

    def __init__(self, target: Target) -> None:
        """
        Raises:
            CommandFailed: the stack is not deployed.
        """
        outputs = target.outputs
        self.namespace = names.metric_namespace(target.environment)
        self.model = outputs[names.OUTPUT_MODEL_NAME]
        self.has_feature_store = names.OUTPUT_FEATURE_PROJECT in outputs
        self._prefix = f"{names.stack_name(target.environment)} "
        self._bucket = outputs[names.OUTPUT_MODEL_BUCKET]
        # What CloudWatch refuses is not sent again: it would be a second call in the same minute.
        once, twice = (
            Config(connect_timeout=_CONNECT, read_timeout=_ANSWER, retries={"total_max_attempts": attempts})
            for attempts in (1, 2)
        )
        self._cloudwatch: Any = target.session.client("cloudwatch", config=once)
        self._s3: Any = target.session.client("s3", config=twice)

    def alarms(self) -> list[Alarm]:
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=self._prefix)
        return [
            Alarm(found["AlarmName"].removeprefix(self._prefix), found["StateValue"], _metrics_of(found))
            for page in pages
            for found in page["MetricAlarms"]
        ]

    def values_of(self, metric: str, service: str, label: str) -> list[str]:
        """The values of a metric's dimension `label`, of the last two weeks."""
        dimensions = [{"Name": "service", "Value": service}, {"Name": label}]
        pages = self._cloudwatch.get_paginator("list_metrics").paginate(
            Namespace=self.namespace, MetricName=metric, Dimensions=dimensions
        )
        listed = (item["Dimensions"] for page in pages for item in page["Metrics"])
        found = [{each["Name"]: each["Value"] for each in dimensions} for dimensions in listed]
        return sorted({each[label] for each in found if each.keys() == {"service", label}})

    def points(self, queries: Sequence[Query], start: datetime, end: datetime) -> dict[Query, Points]:
        """The points of each query, by the start of their period; without those that CloudWatch could not answer.

        One call: of more points than one answer holds, which are 100,800, it has the newest.
        """
        by_id = {f"q{number}": query for number, query in enumerate(queries)}
        answer = self._cloudwatch.get_metric_data(
            MetricDataQueries=[query.as_asked(id_) for id_, query in by_id.items()],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampDescending",
        )
        return {
            by_id[result["Id"]]: dict(zip(result["Timestamps"], result["Values"], strict=True))
            for result in answer["MetricDataResults"]
            if result["StatusCode"] in ("Complete", "PartialData")
        }

    def champion(self) -> Champion | None:
        """None before the first promotion.

        Raises:
            BrokenBundle: the pointer cannot be read.
        """
        key = names.champion_key(self.model)
        try:
            return Champion.from_json(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        except ClientError as error:
            # S3 denies what is not there to those who may not list the folder.
            if not (error.response["Error"]["Code"] == "NoSuchKey" or is_denied(error)):
                raise
            if self._s3.list_object_versions(Bucket=self._bucket, Prefix=key, MaxKeys=1).get("Versions"):
                raise
            return None


def _metrics_of(alarm: Mapping[str, Any]) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """Of an alarm on one metric, or on an expression of several."""
    parts = [part["MetricStat"]["Metric"] for part in alarm.get("Metrics") or [] if "MetricStat" in part]
    parts += [alarm] if alarm.get("MetricName") and not parts else []
    return {
        (part["Namespace"], part["MetricName"]): tuple(
            (each["Name"], each["Value"]) for each in part.get("Dimensions") or []
        )
        for part in parts
    }
