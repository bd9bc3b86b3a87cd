"""The requests of the two SageMaker jobs, in JSONata: what the states Prepare and Train send."""

from typing import Any

from evergreen import names
from infra.training.addresses import Addresses, job_prefix

_BASE = "/opt/ml/processing"
# Beside the image's own packages: Feast runs in a process of its own.
_FEAST_PACKAGES = f"{_BASE}/feast"
# SageMaker takes no argument of more than 256 characters.
_INSTALL = "python -m training.install_feast && "
# Whether the context counts them before the first one is not documented.
_REDRIVES = "($exists($states.context.Execution.RedriveCount) ? $states.context.Execution.RedriveCount : 0)"


def prepare_request(at: Addresses) -> dict[str, Any]:
    """CreateProcessingJob: the table becomes two splits and a contract."""
    return processing_request(
        at,
        step="prepare",
        module="training.prepare",
        inputs=_prepare_inputs(at),
        outputs=[prepared_output(at)],
        environment={names.DATA_MANIFEST: "{% $data %}"},
    )


def processing_request(
    at: Addresses, *, step: str, module: str, inputs: str, outputs: list[dict[str, Any]], environment: dict[str, str]
) -> dict[str, Any]:
    """CreateProcessingJob of a module of the source archive.

    Args:
        inputs: a JSONata expression.
    """
    source = f"{_BASE}/input/{names.CHANNEL_SOURCE}"
    return {
        "ProcessingJobName": _job_name(at, step),
        "RoleArn": at.prepare_role,
        "AppSpecification": {
            "ImageUri": at.image,
            # Nothing unpacks the source archive of a processing job but ourselves.
            "ContainerEntrypoint": [
                "bash",
                "-c",
                f'cd "{source}" && tar -xzf *.gz && {_INSTALL if at.features else ""}exec python -m {module}',
            ],
        },
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": outputs},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": at.job_instance, "VolumeSizeInGB": 30}
        },
        "Environment": {
            **names.NO_TELEMETRY,
            **({names.FEAST_PACKAGES: _FEAST_PACKAGES} if at.features else {}),
            **environment,
            # Settings of another model would be trained into this one's endpoint.
            names.MODEL_NAME: at.model_name,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": at.prepare_seconds},
        "Tags": _tags(at),
    }


def prepared_output(at: Addresses) -> dict[str, Any]:
    """What the training jobs read, in a folder of its own."""
    prepared = f"s3://{at.data_bucket}/{names.PREPARED_PREFIX}{at.model_name}/"
    return processing_output(names.CHANNEL_PREPARED, f"{{% '{prepared}' & $version %}}")


def processing_output(channel: str, uri: str) -> dict[str, Any]:
    """A folder that is uploaded when the job has succeeded."""
    return {
        "OutputName": channel,
        "S3Output": {"S3Uri": uri, "LocalPath": f"{_BASE}/output/{channel}", "S3UploadMode": "EndOfJob"},
    }


def train_request(
    at: Addresses, *, version: str = "$version", prepared: str = "$states.input", data: str = "$data"
) -> dict[str, Any]:
    """CreateTrainingJob: the splits become a bundle.

    Args:
        version, prepared, data: JSONata expressions: the version's name, and the URIs of what Prepare wrote and of the
            manifest that it read.
    """
    return {
        "TrainingJobName": _job_name(at, "train", version),
        "RoleArn": at.train_role,
        "AlgorithmSpecification": {"TrainingImage": at.image, "TrainingInputMode": "File"},
        # The container's toolkit reads each value as JSON: text is quoted, or a commit like 12e45678 is a number.
        "HyperParameters": {
            "sagemaker_program": '"training/train.py"',
            "sagemaker_submit_directory": f'"{at.source_uri}"',
            "version": f"{{% '\"' & {version} & '\"' %}}",
            "data": f"{{% '\"' & {data} & '\"' %}}",
            "git_commit": "{% '\"' & $git_commit & '\"' %}",
        },
        "InputDataConfig": [
            _training_channel(names.CHANNEL_PREPARED, f"{{% {prepared} %}}"),
            _training_channel(names.CHANNEL_SETTINGS, "{% $settings %}"),
        ],
        # An archive, which Judge unpacks. With CompressionType NONE, SageMaker would upload the folder itself; but Step
        # Functions refuses fields that its own copy of the API does not know, and may not know this one.
        "OutputDataConfig": {"S3OutputPath": f"s3://{at.model_bucket}/{names.bundles_prefix(at.model_name)}"},
        "Environment": {
            **names.NO_TELEMETRY,
            **at.tracking,
            "AWS_DEFAULT_REGION": at.region,
            "TRAINING_IMAGE": at.image,
            names.FAILURE_URI: f"{{% 's3://{at.model_bucket}/' & {failure_key(at, version)} %}}",
        },
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": at.job_instance, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": at.train_seconds},
        "Tags": _tags(at),
    }


def failure_key(at: Addresses, version: str = "$version") -> str:
    """Where a training job leaves why it has failed: a JSONata expression. A job that has failed is not retried.

    Args:
        version: a JSONata expression.
    """
    before, after = names.failure_key(at.model_name, "*").split("*")
    return f"'{before}' & {version} & '-' & $string({_REDRIVES}) & '{after}'"


def _job_name(at: Addresses, step: str, version: str = "$version") -> str:
    """Unique per attempt: a name cannot be used twice, not even by a retry or by an execution that is redriven.

    Args:
        version: a JSONata expression.
    """
    attempt = f"$string({_REDRIVES}) & $string($states.context.State.RetryCount)"
    return f"{{% '{job_prefix(at.environment)}' & {version} & '-{step}-' & {attempt} %}}"


def _tags(at: Addresses) -> list[dict[str, str]]:
    """By which the bill and the console tell one model's jobs from another's."""
    tags = {names.TAG_ENVIRONMENT: at.environment, "evergreen:model": at.model_name}
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _prepare_inputs(at: Addresses) -> str:
    """Before the first promotion there is no contract to compare with, and so no channel of it."""
    always = (
        # A manifest names the objects of a data version, which lie where DVC has put them.
        processing_input(names.CHANNEL_DATA, "$data", data_type="ManifestFile"),
        processing_input(names.CHANNEL_SETTINGS, "$settings"),
        processing_input(names.CHANNEL_SOURCE, f"'{at.prepare_source_uri}'"),
        *histories_input(at),
    )
    previous = processing_input(names.CHANNEL_PREVIOUS, "$previous_contract")
    return f"{{% $append([{', '.join(always)}], $previous_contract = '' ? [] : [{previous}]) %}}"


def histories_input(at: Addresses) -> list[str]:
    """The channel of a job that joins stored features; none without a feature store."""
    histories = f"'s3://{at.data_bucket}/{names.HISTORIES_PREFIX}'"
    return [processing_input(names.CHANNEL_FEATURES, histories)] if at.features else []


def processing_input(channel: str, uri: str, *, data_type: str = "S3Prefix") -> str:
    """One of ProcessingInputs: a JSONata expression.

    Args:
        uri: a JSONata expression.
    """
    path = f"{_BASE}/input/{channel}"
    source = f"{{'S3Uri': {uri}, 'LocalPath': '{path}', 'S3DataType': '{data_type}', 'S3InputMode': 'File'}}"
    return f"{{'InputName': '{channel}', 'S3Input': {source}}}"


def _training_channel(channel: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": channel, "DataSource": {"S3DataSource": source}}
