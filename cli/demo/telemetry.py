"""Reads the metrics, alarms and captures of a running stack."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cli.aws.target import Target
from evergreen import names
from evergreen.captures.records import ROWS_OF, Faults, read_records
from evergreen.errors import CommandFailed

# Seconds to wait for a capture.
_PATIENCE = 60


@dataclass(frozen=True)
class Statistics:
    """Statistics of one metric over the last hour."""

    count: float
    total: float

    @property
    def average(self) -> float:
        return self.total / self.count if self.count else 0.0


def metric_sums(target: Target) -> dict[str, Statistics]:
    """The predict function's metrics over the last hour, by name."""
    cloudwatch = target.client("cloudwatch")
    now = datetime.now(UTC)
    sums = {}
    for name in (names.PREDICTIONS, names.PREDICTION_DURATION, names.PREDICTION_ERRORS, names.REJECTED_REQUESTS):
        points = cloudwatch.get_metric_statistics(
            Namespace=names.metric_namespace(target.environment),
            MetricName=name,
            Dimensions=[{"Name": "service", "Value": names.METRIC_SERVICE}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["SampleCount", "Sum"],
        )["Datapoints"]
        sums[name] = Statistics(
            count=sum(point["SampleCount"] for point in points), total=sum(point["Sum"] for point in points)
        )
    return sums


def alarm_state(target: Target, alarm: str) -> str:
    """The state of an alarm of the stack: OK, ALARM or INSUFFICIENT_DATA.

    Args:
        alarm: its name after the stack's.
    """
    name = f"{names.stack_name(target.environment)} {alarm}"
    answer = target.client("cloudwatch").describe_alarms(AlarmNames=[name])
    return str(answer["MetricAlarms"][0]["StateValue"])


class Captures:
    """Waits for records in the capture bucket: one object may hold many, and one record may come twice."""

    def __init__(self, target: Target) -> None:
        self._s3 = target.client("s3")
        self._bucket = target.outputs[names.OUTPUT_CAPTURE_BUCKET]

    def await_records(self, prefix: str, prediction_ids: Iterable[str]) -> None:
        """Wait until the records of these predictions are under a prefix: themselves, or their labels.

        Raises:
            CommandFailed: they did not arrive in time.
        """
        missing, read = set(prediction_ids), set[str]()
        deadline = time.monotonic() + _PATIENCE
        while missing:
            new = self._keys(prefix) - read
            read |= new
            missing = missing.difference(*(self._prediction_ids(prefix, key) for key in new))
            if missing and time.monotonic() > deadline:
                raise CommandFailed(f"{len(missing)} records under {prefix} did not arrive in S3 within {_PATIENCE} s")
            time.sleep(0.1)

    def _keys(self, prefix: str) -> set[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def _prediction_ids(self, prefix: str, key: str) -> set[str]:
        content = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return {
            row["prediction_id"] for record in read_records(content, key, Faults()) for row in record[ROWS_OF[prefix]]
        }
