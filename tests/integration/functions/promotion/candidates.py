"""Puts bundles where training would, and has them judged."""

import io
import tarfile
from types import SimpleNamespace
from typing import Any

from evergreen import names
from evergreen.versions.champion import Champion
from functions.judge import handler as judge
from tests.bundles import constant_bundle, with_refit

BUCKET, NAME = "models", "houses"
CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="r")


class Candidates:
    """Versions of the model `houses`, each with an MLflow run of its own."""

    def __init__(self, s3: Any, registry: Any) -> None:
        self._s3, self._registry = s3, registry
        self.runs: dict[str, str] = {}

    def put(
        self,
        version: str,
        prediction: float,
        *,
        mlflow_version: str = "1",
        again: float | None = None,
        **changes: Any,
    ) -> str:
        """Put the archive of a model that predicts one number; returns its s3:// URI.

        Args:
            again: what it predicts since it was fitted again.
        """
        if version not in self.runs:
            experiment = self._registry.get_experiment_by_name(NAME).experiment_id
            self.runs[version] = self._registry.create_run(experiment, run_name=version).info.run_id
        files = constant_bundle(
            prediction, mlflow_version=mlflow_version, **{"mlflow_run": self.runs[version], **changes}
        )
        if again is not None:
            files = with_refit(files, constant_bundle(again, **changes))
        return self.put_files(version, files)

    def put_files(self, version: str, files: dict[str, bytes]) -> str:
        return self.put_archive(version, packed(files))

    def put_archive(self, version: str, content: bytes) -> str:
        key = f"models/{NAME}/{version}/output/model.tar.gz"
        self._s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return f"s3://{BUCKET}/{key}"

    def bundle(self, version: str) -> list[str]:
        """Names of the files in the bundle's folder."""
        folder = f"models/{NAME}/{version}/output/model/"
        found = self._s3.list_objects_v2(Bucket=BUCKET, Prefix=folder).get("Contents", [])
        return [entry["Key"].removeprefix(folder) for entry in found]

    def judged(self, version: str, prediction: float, **changes: Any) -> dict[str, Any]:
        """Judge's decision about the bundle of such a model."""
        return judge_bundle(self.put(version, prediction, **changes), version)

    def pointer(self) -> Champion:
        return Champion.from_json(self._s3.get_object(Bucket=BUCKET, Key=names.champion_key(NAME))["Body"].read())

    def stored(self, version: str, name: str) -> Any:
        """S3's answer about a file that Judge left beside the bundle."""
        return self._s3.get_object(Bucket=BUCKET, Key=f"models/{NAME}/{version}/{name}")

    def beside(self, version: str) -> list[str]:
        """Names of the files that lie beside the bundle."""
        folder = f"models/{NAME}/{version}/"
        found = self._s3.list_objects_v2(Bucket=BUCKET, Prefix=folder, Delimiter="/").get("Contents", [])
        return [entry["Key"].removeprefix(folder) for entry in found]


def packed(files: dict[str, bytes]) -> bytes:
    """An archive as SageMaker makes it of the model folder, with an entry for the folder itself."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        folder = tarfile.TarInfo(".")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return written.getvalue()


def judge_bundle(uri: str, version: str) -> dict[str, Any]:
    return judge.handler({"version": version, "bundle": uri}, CONTEXT)
