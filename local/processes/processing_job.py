"""The contract between SageMaker and a processing container, with a folder in place of /opt/ml.

In arguments and environment values, /opt/ml is replaced by the job's folder.
"""

import json
from pathlib import Path
from typing import Any

from evergreen import names
from local.processes.job_storage import JobStorage, StorageError
from local.processes.jobs import REASON_CHARACTERS, Command, Job
from local.processes.training_job import resource_config

_FEAST = Path(__file__).parents[2] / ".venv-features" / "bin" / "python"


class ProcessingJob(Job):
    kind = "processing"

    def prepare(self, storage: JobStorage) -> Command:
        for folder in ("config", "input/config", "output", "processing"):
            (self.base / folder).mkdir(parents=True)
        self._write_config()
        for given in self.request.get("ProcessingInputs", []):
            source = given.get("S3Input")
            readers = {"S3Prefix": storage.download, "ManifestFile": storage.download_listed}
            if source is None or source.get("S3DataType") not in readers:
                raise StorageError(f"ClientError: the embedded cloud reads S3 inputs of the types {', '.join(readers)}")
            readers[source["S3DataType"]](source["S3Uri"], self._local(source["LocalPath"]))
        for output in self._outputs():
            self._local(output["LocalPath"]).mkdir(parents=True, exist_ok=True)
        specification = self.request["AppSpecification"]
        arguments = specification.get("ContainerEntrypoint", []) + specification.get("ContainerArguments", [])
        if not arguments:
            raise StorageError("ClientError: the embedded cloud has no image: give a ContainerEntrypoint")
        environment = self.request.get("Environment", {})
        return Command(
            [self._relocated(argument) for argument in arguments],
            cwd=self.base,
            environment={
                "PYTHONUNBUFFERED": "1",
                "PROCESSING_JOB_NAME": self.name,
                "PROCESSING_JOB_ARN": self.arn,
                **{name: self._relocated(value) for name, value in environment.items()},
                # Feast is installed nowhere else here: the archive has none of it.
                **({names.FEAST_PYTHON: str(_FEAST)} if names.FEAST_PACKAGES in environment else {}),
            },
        )

    def publish(self, storage: JobStorage) -> None:
        for output in self._outputs():
            storage.upload_folder(self._local(output["LocalPath"]), output["S3Uri"])

    def describe(self) -> dict[str, Any]:
        reason = {"FailureReason": self.failure_reason} if self.failure_reason else {}
        message = {"ExitMessage": text} if (text := self.exit_message) else {}
        times = {"ProcessingStartTime": self.started, "ProcessingEndTime": self.ended if self.done.is_set() else None}
        return {
            **{name: value for name, value in self.request.items() if name != "Tags"},
            "ProcessingJobArn": self.arn,
            "ProcessingJobStatus": self.status,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            **{name: value for name, value in times.items() if value is not None},
            **reason,
            **message,
        }

    def keep(self) -> None:
        """What the container has written into output/message: at most 1 KB of it."""
        file = self.base / "output" / "message"
        if file.is_file():
            self.exit_message = file.read_text(errors="replace").strip()[:REASON_CHARACTERS]

    def reason_of_exit(self, _code: int) -> str:
        """The same for every cause: SageMaker's own. https://github.com/aws/sagemaker-spark-container asserts it."""
        return "AlgorithmError: See job logs for more information"

    def _outputs(self) -> list[dict[str, str]]:
        outputs = self.request.get("ProcessingOutputConfig", {}).get("Outputs", [])
        return [output["S3Output"] for output in outputs]

    def _relocated(self, text: str) -> str:
        return text.replace("/opt/ml", str(self.base))

    def _local(self, path: str) -> Path:
        return Path(self._relocated(path))

    def _write_config(self) -> None:
        job = self._relocated(json.dumps({"ProcessingJobArn": self.arn, **self.request}, indent=2))
        cluster = self.request["ProcessingResources"]["ClusterConfig"]
        # SageMaker writes to /opt/ml/config; training jobs have these files in the second folder.
        for folder in (self.base / "config", self.base / "input" / "config"):
            (folder / "processingjobconfig.json").write_text(job)
            (folder / "resourceconfig.json").write_text(json.dumps(resource_config(cluster["InstanceType"]), indent=2))
