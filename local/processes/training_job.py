"""The contract between SageMaker and a training container, with a folder in place of /opt/ml.

Environment and arguments are those of the `sagemaker-training` toolkit, which the prebuilt images run. The toolkit
first installs the archive's requirements.txt. Here nothing is installed: jobs run in this repository's virtual
environment, which has the same versions. Files in output/data are not uploaded.
"""

import json
import os
from pathlib import Path
from typing import Any

from evergreen import names
from local.processes.job_storage import JobStorage, StorageError
from local.processes.jobs import Command, Job

_HOST = "algo-1"
_WANDB = Path(__file__).parents[2] / ".venv-integrations" / "wandb" / "bin" / "python"


class TrainingJob(Job):
    kind = "training"

    def prepare(self, storage: JobStorage) -> Command:
        for folder in ("input/config", "input/data", "model", "output/data", "code"):
            (self.base / folder).mkdir(parents=True)
        settings = {name: _decoded(value) for name, value in self.request.get("HyperParameters", {}).items()}
        program, archive = settings.get("sagemaker_program"), settings.get("sagemaker_submit_directory")
        if not program or not archive:
            raise StorageError(
                "ClientError: the hyperparameters sagemaker_program and sagemaker_submit_directory must be given"
            )
        self._write_config(storage)
        storage.extract(archive, self.base / "code")
        hyperparameters = {name: value for name, value in settings.items() if not name.startswith("sagemaker_")}
        return Command(
            ["python", program, *_arguments(hyperparameters)],
            cwd=self.base / "code",
            environment={
                **self._toolkit_environment(program, archive, hyperparameters),
                **self.request.get("Environment", {}),
                # The lineage must not name the image of the request, since it does not run here.
                "TRAINING_IMAGE": "unknown",
                "PYTHONPATH": str(self.base / "code"),
                "PYTHONUNBUFFERED": "1",
                # W&B's client is installed nowhere else here: the archive has none of it.
                names.WANDB_PYTHON: str(_WANDB),
            },
        )

    def publish(self, storage: JobStorage) -> None:
        model = self.base / "model"
        if any(model.iterdir()):
            upload = storage.upload_folder if self._uncompressed else storage.upload_archive
            upload(model, self._artifacts)

    def describe(self) -> dict[str, Any]:
        finished: dict[str, Any] = {}
        if self.status == "Completed":
            finished["ModelArtifacts"] = {"S3ModelArtifacts": self._artifacts}
        if self.started and self.ended:
            seconds = max(1, round(self.ended - self.started))
            finished |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
        if self.status == "Failed":
            finished["FailureReason"] = self.failure_reason
        times = {"TrainingStartTime": self.started, "TrainingEndTime": self.ended if self.done.is_set() else None}
        return {
            **{name: value for name, value in self.request.items() if name != "Tags"},
            "TrainingJobArn": self.arn,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.transitions[-1]["Status"] if self.transitions else "Starting",
            "SecondaryStatusTransitions": [dict(transition) for transition in self.transitions],
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            **{name: value for name, value in times.items() if value is not None},
            **finished,
        }

    def reason_of_exit(self, code: int) -> str:
        """What the older of the image's two toolkits writes over the failure file of a failed script.

        https://github.com/aws/sagemaker-containers/blob/master/src/sagemaker_containers/_trainer.py
        """
        program = self.request["HyperParameters"]["sagemaker_program"].strip('"')
        words = f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage ""\nCommand "python {program}"'
        return f"AlgorithmError: framework error: \nTraceback (most recent call last):\n{words}, exit code: {code}"

    @property
    def _uncompressed(self) -> bool:
        return self.request["OutputDataConfig"].get("CompressionType") == "NONE"

    @property
    def _artifacts(self) -> str:
        root = f"{self.request['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self.name}/output"
        return f"{root}/model/" if self._uncompressed else f"{root}/model.tar.gz"

    @property
    def _channels(self) -> list[dict[str, Any]]:
        return self.request.get("InputDataConfig", [])

    def _write_config(self, storage: JobStorage) -> None:
        config = self.base / "input" / "config"
        inputs = {}
        for channel in self._channels:
            source = channel["DataSource"].get("S3DataSource", {})
            if source.get("S3DataType") != "S3Prefix":
                raise StorageError("ClientError: the embedded cloud reads channels of the type S3Prefix only")
            inputs[channel["ChannelName"]] = {
                "TrainingInputMode": "File",
                "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
                "RecordWrapperType": channel.get("RecordWrapperType", "None"),
                **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
            }
            storage.download(source["S3Uri"], self.base / "input" / "data" / channel["ChannelName"])
        _write(config / "hyperparameters.json", self.request.get("HyperParameters", {}))
        _write(config / "inputdataconfig.json", inputs)
        _write(config / "resourceconfig.json", resource_config(self.request["ResourceConfig"]["InstanceType"]))

    def _toolkit_environment(self, program: str, archive: str, hyperparameters: dict[str, Any]) -> dict[str, str]:
        data = self.base / "input" / "data"
        channels = sorted(channel["ChannelName"] for channel in self._channels)
        variables = {
            "SM_HOSTS": [_HOST],
            "SM_CURRENT_HOST": _HOST,
            "SM_NUM_CPUS": os.cpu_count() or 1,
            "SM_NUM_GPUS": 0,
            "SM_CURRENT_INSTANCE_TYPE": self.request["ResourceConfig"]["InstanceType"],
            "SM_MODEL_DIR": str(self.base / "model"),
            "SM_INPUT_DIR": str(self.base / "input"),
            "SM_INPUT_CONFIG_DIR": str(self.base / "input" / "config"),
            "SM_OUTPUT_DIR": str(self.base / "output"),
            "SM_OUTPUT_DATA_DIR": str(self.base / "output" / "data"),
            "SM_MODULE_DIR": archive,
            "SM_MODULE_NAME": Path(program).stem,
            "SM_USER_ENTRY_POINT": program,
            "SM_USER_ARGS": _arguments(hyperparameters),
            "SM_HPS": hyperparameters,
            "SM_CHANNELS": channels,
            **{f"SM_CHANNEL_{name.upper()}": str(data / name) for name in channels},
            **{f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()},
        }
        return {name: _encoded(value) for name, value in variables.items()} | {
            "TRAINING_JOB_NAME": self.name,
            "TRAINING_JOB_ARN": self.arn,
        }


def resource_config(instance_type: str) -> dict[str, Any]:
    """The content of resourceconfig.json for a cluster of one instance."""
    return {
        "current_host": _HOST,
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": [_HOST],
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": [_HOST]}
        ],
        "network_interface_name": "lo",
    }


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=2))


def _decoded(value: str) -> Any:
    """As the toolkit reads a hyperparameter: as JSON, or as plain text if it is not JSON."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _encoded(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """Arguments as the toolkit passes them: sorted, one-letter names with a single dash, values by `str`."""
    arguments: list[str] = []
    for name in sorted(hyperparameters):
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", str(hyperparameters[name])]
    return arguments
