"""The training state machine in Amazon States Language: Prepare -> Train -> Judge -> Promote, in JSONata."""

from dataclasses import dataclass
from typing import Any

from evergreen import names

# Errors of the services themselves, which a second try may not meet. A job whose own code failed would fail again.
_RETRY_JOB = [
    {
        "ErrorEquals": ["SageMaker.AmazonSageMakerException", "SageMaker.ThrottlingException"],
        "IntervalSeconds": 10,
        "MaxAttempts": 4,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    }
]
_RETRY_FUNCTION = [
    {
        "ErrorEquals": [
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
        ],
        "IntervalSeconds": 2,
        "MaxAttempts": 4,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    }
]
_RETRY_NOTIFY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}]

# A job's error carries the whole job as JSON, a function's the exception: what a person wants is one line of it.
# A cause that was cut off for its length is no JSON any more, and stands for itself.
_CAUSE_IN_WORDS = (
    "$whole := $substring($failure.cause, 0, 1) = '{' and $substring($failure.cause, -1) = '}';"
    " $parsed := $whole ? $parse($failure.cause) : {};"
    " $words := $parsed.FailureReason ? $parsed.FailureReason :"
    " $parsed.ExitMessage ? $parsed.ExitMessage :"
    " $parsed.errorMessage ? $parsed.errorMessage : $failure.cause; "
)


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """What the definition refers to: names, ARNs and URIs, as text or as CloudFormation tokens.

    `chat` is whether messages have the form of chat tools.
    """

    environment: str
    model_name: str
    image: str
    source_uri: str
    data_bucket: str
    bundles_uri: str
    prepare_role: str
    train_role: str
    judge_function: str
    promote_function: str
    topic: str
    chat: bool
    tracking_uri: str
    region: str
    job_instance: str
    job_seconds: int


def definition(at: Addresses) -> dict[str, Any]:
    """The state machine's definition."""
    return {
        "Comment": f"Trains {at.model_name} and promotes it when it is better",
        "QueryLanguage": "JSONata",
        "StartAt": "NameVersion",
        "TimeoutSeconds": 2 * at.job_seconds + 3600,
        "States": {
            "NameVersion": _name_version(),
            "Prepare": _prepare(at),
            "Train": _train(at),
            "Judge": _call(
                "Judge",
                at.judge_function,
                {"version": "{% $version %}", "bundle": "{% $states.input.ModelArtifacts.S3ModelArtifacts %}"},
                next_="IsBetter",
            ),
            "IsBetter": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.promote %}", "Next": "Promote"}],
                "Default": "KeepChampion",
            },
            "Promote": _call(
                "Promote",
                at.promote_function,
                "{% $states.input %}",
                next_="Promoted",
                output="{% $merge([$states.input, $states.result.Payload]) %}",
            ),
            "Promoted": {"Type": "Succeed"},
            "KeepChampion": {"Type": "Succeed"},
            "NotifyFailure": _notify_failure(at),
            "Failed": {
                "Type": "Fail",
                "Error": "{% $failure.error %}",
                "Cause": "{% $failure.state & ': ' & $failure.cause %}",
            },
        },
    }


def job_prefix(environment: str) -> str:
    """What the names of an environment's jobs begin with; policies are limited to it."""
    return f"{names.stack_name(environment)}-"


def _name_version() -> dict[str, Any]:
    """Names the version by time; four random digits tell two of one second apart."""
    return {
        "Type": "Pass",
        "Assign": {
            "version": "{% $fromMillis($millis(), '[Y0001][M01][D01]-[H01][m01][s01]')"
            " & '-' & $substring($uuid(), 0, 4) %}",
            "data": "{% $states.input.data %}",
            "settings": "{% $states.input.settings %}",
            "git_commit": "{% $states.input.git_commit %}",
        },
        "Next": "Prepare",
    }


def _job_name(at: Addresses, step: str) -> str:
    """Unique per attempt: a name cannot be used twice, not even by a retry."""
    return f"{{% '{job_prefix(at.environment)}' & $version & '-{step}-' & $string($states.context.State.RetryCount) %}}"


def _prepare(at: Addresses) -> dict[str, Any]:
    base = "/opt/ml/processing"
    source = f"{base}/input/{names.CHANNEL_SOURCE}"
    prepared = f"s3://{at.data_bucket}/{names.PREPARED_PREFIX}{at.model_name}/"
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Arguments": {
            "ProcessingJobName": _job_name(at, "prepare"),
            "RoleArn": at.prepare_role,
            "AppSpecification": {
                "ImageUri": at.image,
                # Nothing unpacks the source archive of a processing job but ourselves.
                "ContainerEntrypoint": [
                    "bash",
                    "-c",
                    f'cd "{source}" && tar -xzf *.gz && exec python -m training.prepare',
                ],
            },
            "ProcessingInputs": [
                _processing_input(names.CHANNEL_DATA, "{% $data %}", f"{base}/input/{names.CHANNEL_DATA}"),
                _processing_input(names.CHANNEL_SETTINGS, "{% $settings %}", f"{base}/input/{names.CHANNEL_SETTINGS}"),
                _processing_input(names.CHANNEL_SOURCE, at.source_uri, source),
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": names.CHANNEL_PREPARED,
                        "S3Output": {
                            "S3Uri": f"{{% '{prepared}' & $version %}}",
                            "LocalPath": f"{base}/output/{names.CHANNEL_PREPARED}",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": at.job_instance, "VolumeSizeInGB": 30}
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": at.job_seconds},
        },
        "Output": "{% $states.result.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri %}",
        "Retry": _RETRY_JOB,
        "Catch": _catch("Prepare"),
        "Next": "Train",
    }


def _processing_input(name: str, uri: str, path: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"},
    }


def _train(at: Addresses) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Arguments": {
            "TrainingJobName": _job_name(at, "train"),
            "RoleArn": at.train_role,
            "AlgorithmSpecification": {"TrainingImage": at.image, "TrainingInputMode": "File"},
            # The container's toolkit reads each value as JSON: text is quoted, or a commit like 12e45678 is a number.
            "HyperParameters": {
                "sagemaker_program": '"training/train.py"',
                "sagemaker_submit_directory": f'"{at.source_uri}"',
                "version": "{% '\"' & $version & '\"' %}",
                "git_commit": "{% '\"' & $git_commit & '\"' %}",
            },
            "InputDataConfig": [
                _training_channel(names.CHANNEL_PREPARED, "{% $states.input %}"),
                _training_channel(names.CHANNEL_SETTINGS, "{% $settings %}"),
            ],
            # A folder instead of an archive: the predict function reads single files of it.
            "OutputDataConfig": {"S3OutputPath": at.bundles_uri, "CompressionType": "NONE"},
            "Environment": {
                names.TRACKING_URI: at.tracking_uri,
                "AWS_DEFAULT_REGION": at.region,
                "TRAINING_IMAGE": at.image,
            },
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": at.job_instance, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": at.job_seconds},
        },
        "Output": "{% $states.result %}",
        "Retry": _RETRY_JOB,
        "Catch": _catch("Train"),
        "Next": "Judge",
    }


def _training_channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _call(
    state: str, function: str, payload: Any, *, next_: str, output: str = "{% $states.result.Payload %}"
) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": payload},
        "Output": output,
        "Retry": _RETRY_FUNCTION,
        "Catch": _catch(state),
        "Next": next_,
    }


def _catch(state: str) -> list[dict[str, Any]]:
    failure = {
        "state": state,
        "error": "{% $states.errorOutput.Error %}",
        "cause": "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : 'no cause was given' %}",
    }
    return [{"ErrorEquals": ["States.ALL"], "Assign": {"failure": failure}, "Next": "NotifyFailure"}]


def _notify_failure(at: Addresses) -> dict[str, Any]:
    subject = f"'Evergreen {at.environment}: training failed at ' & $failure.state"
    message = (
        f"'Training version ' & $version & ' of {at.model_name} failed at ' & $failure.state & '.\\n\\n'"
        " & 'Cause: ' & $words & '\\n\\nThe champion is unchanged. Execution: ' & $states.context.Execution.Id"
    )
    if at.chat:
        content = f"{{'textType': 'client-markdown', 'title': {subject}, 'description': {message}}}"
        message = f"$string({{'version': '1.0', 'source': 'custom', 'content': {content}}})"
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {
            "TopicArn": at.topic,
            "Subject": f"{{% {subject} %}}",
            "Message": f"{{% ({_CAUSE_IN_WORDS}{message}) %}}",
        },
        "Retry": _RETRY_NOTIFY,
        # The failure stays the execution's outcome, whether or not it could be announced.
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
        "Next": "Failed",
    }
