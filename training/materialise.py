"""The job that writes what is new in the histories of feature views to the online store, and holds what predictions
were given since its last run against them.

The SageMaker job runs it without arguments. What was written is kept in the data bucket, beside Feast's registry.
"""

import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from evergreen import names
from evergreen.feature_store.described import DEFINITIONS, DESCRIPTION
from evergreen.feature_store.views import FeatureService
from training import feast_process, job, new_captures

_STATE, _REGISTRY, _RESULT = "online.json", "registry.db", names.MATERIALISED
# Until when captures were compared.
_COMPARED = "compared.json"


def main() -> None:
    """The SageMaker processing job."""
    # The image may lack it, and what Feast came with has it.
    sys.path.append(os.environ.get(names.FEAST_PACKAGES, ""))
    import boto3

    project, bucket = os.environ[names.FEATURE_PROJECT], os.environ[names.DATA_BUCKET]
    description = Path(DEFINITIONS, DESCRIPTION)
    service = FeatureService.from_json(description.read_bytes())
    s3, cloudwatch, namespace = boto3.client("s3"), boto3.client("cloudwatch"), os.environ[names.METRIC_NAMESPACE]
    histories = str(job.base_folder() / "processing" / "input" / names.CHANNEL_FEATURES)
    with tempfile.TemporaryDirectory() as name:
        kept = Kept(s3, bucket, f"{names.REGISTRY_PREFIX}{project}/", Path(name))
        kept.fetch()
        try:
            feast_process.run(
                "materialise",
                *("--definitions", DEFINITIONS, "--service", service.name, "--project", project),
                *("--data", histories),
                *("--state", str(kept.folder / _STATE), "--registry", str(kept.folder / _REGISTRY)),
                *("--result", str(kept.folder / _RESULT)),
            )
            result = json.loads((kept.folder / _RESULT).read_text())
            tell(cloudwatch, namespace, result)
            result["skew"], until = compare(s3, kept.folder / _COMPARED, description, histories)
            (kept.folder / _RESULT).write_text(json.dumps(result, indent=1) + "\n")
            tell_skew(cloudwatch, namespace, result["skew"])
            # Last: what could not be told is compared again.
            (kept.folder / _COMPARED).write_text(json.dumps({"until": until.isoformat()}) + "\n")
        finally:
            # Of a run that has failed, too: what was written need not be written again.
            kept.store()
    # The log names no entity.
    print(json.dumps({**result, "skew": {**result["skew"], "named": len(result["skew"]["named"])}}))


def compare(s3: Any, compared: Path, description: Path, histories: str) -> tuple[dict[str, Any], datetime]:
    """What the predictions since the last run were given, beside the histories; and until when that was looked at.

    Args:
        compared: the file that says until when earlier runs have compared.

    Raises:
        InvalidFeatures: a view's files are unfit.
    """
    since = datetime.fromisoformat(json.loads(compared.read_text())["until"]) if compared.exists() else None
    with tempfile.TemporaryDirectory() as name:
        captures, result = Path(name, "captures"), Path(name, "skew.json")
        captures.mkdir()
        until = new_captures.fetch(s3, os.environ[names.CAPTURE_BUCKET], captures, since=since)
        feast_process.run(
            "skew",
            *("--service", str(description), "--data", histories, "--captures", str(captures)),
            *("--every-hours", os.environ[names.FEATURES_EVERY_HOURS], "--result", str(result)),
        )
        return dict(json.loads(result.read_text())), until


class Kept:
    """The files that one run leaves to the next, in a folder of the data bucket."""

    def __init__(self, s3: Any, bucket: str, prefix: str, folder: Path) -> None:
        self.folder = folder
        self._s3, self._bucket, self._prefix = s3, bucket, prefix

    def fetch(self) -> None:
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix).get("Contents", [])
        for each in listed:
            name = each["Key"].removeprefix(self._prefix)
            # Whatever else stands there, such as a console's folder, is nobody's here.
            if name not in ("", _RESULT) and "/" not in name:
                self._s3.download_file(self._bucket, each["Key"], str(self.folder / name))

    def store(self) -> None:
        """The state last: it says what is done."""
        for file in sorted(self.folder.iterdir(), key=lambda file: (file.name == _STATE, file.name)):
            if file.is_file():
                self._s3.upload_file(str(file), self._bucket, f"{self._prefix}{file.name}")


def tell(cloudwatch: Any, namespace: str, result: dict[str, Any]) -> None:
    """Say how many rows were written of each view, and how old its newest event is."""
    for view, found in result["views"].items():
        data = [{"MetricName": names.FEATURE_ROWS_WRITTEN, "Value": found["rows"], "Unit": "Count"}]
        if found["lag_seconds"] is not None:
            data.append({"MetricName": names.FEATURE_LAG_SECONDS, "Value": found["lag_seconds"], "Unit": "Seconds"})
        _put(cloudwatch, namespace, view, data)


def tell_skew(cloudwatch: Any, namespace: str, skew: dict[str, Any]) -> None:
    """Say of each view of which predictions were compared how many values differ, and how many rows were late."""
    for view, found in skew["views"].items():
        counted = {names.FEATURE_SKEW: found["differences"], names.FEATURES_LATE: found["late"]}
        data = [{"MetricName": name, "Value": value, "Unit": "Count"} for name, value in counted.items()]
        _put(cloudwatch, namespace, view, data)


def _put(cloudwatch: Any, namespace: str, view: str, data: list[dict[str, Any]]) -> None:
    of_view = [{"Name": "service", "Value": names.FEATURES_SERVICE}, {"Name": "view", "Value": view}]
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{**each, "Dimensions": of_view} for each in data])


if __name__ == "__main__":
    job.run(main, "message")
