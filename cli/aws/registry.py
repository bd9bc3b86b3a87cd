"""The versions of a model: Judge's decision about each, and the champions so far."""

import json
from dataclasses import dataclass
from typing import Any

from cli.aws.target import Target
from evergreen import names
from evergreen.errors import BrokenBundle, CommandFailed
from evergreen.metrics import metric_of
from evergreen.versions.champion import Champion


@dataclass(frozen=True)
class JudgedVersion:
    """A version with Judge's decision about it, as it was stored beside the bundle."""

    version: str
    decision: dict[str, Any]

    @property
    def metric(self) -> str:
        metrics = self.decision["metrics"]
        name = metrics["metric"]
        return f"{name} {metric_of(name).text(metrics['holdout'][name])}"


@dataclass(frozen=True)
class Champions:
    """All champions so far.

    Attributes:
        pointers: the newest first; None for one that cannot be read.
    """

    pointers: list[Champion | None]

    @property
    def present(self) -> Champion | None:
        """What serves: None before the first promotion, or if the pointer to it cannot be read."""
        return self.pointers[0] if self.pointers else None

    @property
    def is_unreadable(self) -> bool:
        """Whether there is a pointer now, and it cannot be read."""
        return bool(self.pointers) and self.pointers[0] is None

    @property
    def readable(self) -> list[Champion]:
        return [champion for champion in self.pointers if champion]


class Registry:
    """Reads the model bucket of a deployed stack, and asks the promote function to move the champion."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._s3 = target.client("s3")
        self._bucket = target.outputs[names.OUTPUT_MODEL_BUCKET]
        self._model = target.outputs[names.OUTPUT_MODEL_NAME]

    def versions(self) -> list[JudgedVersion]:
        """All judged versions, the newest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=names.bundles_prefix(self._model)
        )
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        decisions = [json.loads(self._read(key)) for key in keys if key.endswith("/decision.json")]
        judged = [JudgedVersion(decision["version"], decision) for decision in decisions]
        return sorted(judged, key=lambda version: version.version, reverse=True)

    def find(self, version: str) -> JudgedVersion:
        """
        Raises:
            CommandFailed: there is no such version.
        """
        for judged in self.versions():
            if judged.version == version:
                return judged
        raise CommandFailed(f"there is no version {version}. List them with: evergreen versions")

    def champions(self) -> Champions:
        return champions(self._s3, self._bucket, self._model)

    def promote(self, version: JudgedVersion) -> bool:
        """Make a judged version the champion, in S3 and in MLflow, whatever Judge decided about it.

        Returns:
            Whether MLflow knows the version. One that was made anew does not know what was trained before.

        Raises:
            CommandFailed: the promote function failed; its error is in the message.
        """
        present = self.champions().present
        answer = self._target.client("lambda").invoke(
            FunctionName=self._target.outputs[names.OUTPUT_PROMOTE_FUNCTION],
            Payload=json.dumps(
                {**version.decision, "champion": present.version if present else None, "rollback": True}
            ).encode(),
        )
        result = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise CommandFailed(f"{version.version} was not promoted: {result.get('errorMessage', result)}")
        return result["mlflow_model_version"] is not None

    def _read(self, key: str) -> bytes:
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return content


def champions(s3: Any, bucket: str, model: str) -> Champions:
    """From the versions of the pointer object."""
    key = names.champion_key(model)
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
    ids = [item["VersionId"] for page in pages for item in page.get("Versions", [])]
    return Champions([_readable(s3.get_object(Bucket=bucket, Key=key, VersionId=id_)["Body"].read()) for id_ in ids])


def _readable(pointer: bytes) -> Champion | None:
    try:
        return Champion.from_json(pointer)
    except BrokenBundle:
        return None
