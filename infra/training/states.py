"""The training state machine in Amazon States Language and JSONata.

    NameVersion -> Acquire -> Prepare -> IsPrepared -> Train -> IsTrained -> Judge -> IsBetter -> Promote
        -> NotifyDecision -> Release -> HowItEnded

A state that fails leads to ExplainFailure, NotifyFailure and then to Release as well: the lease is given back at both
ends. After Train, ReadFailure comes first.
"""

from typing import Any

from infra.training.addresses import Addresses
from infra.training.jobs import failure_key, prepare_request, train_request
from infra.training.messages import FAILURE_IN_WORDS, decision_message, failure_message

# Errors of the services themselves, which a second try may not meet. A job whose own code failed would fail again.
_RETRY_JOB = [
    {
        "ErrorEquals": ["SageMaker.ThrottlingException"],
        "IntervalSeconds": 10,
        "MaxAttempts": 4,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    },
    {
        # What has no name of its own, a denied or wrong request among it: people should hear of that within seconds.
        "ErrorEquals": ["SageMaker.AmazonSageMakerException"],
        "IntervalSeconds": 2,
        "MaxAttempts": 3,
        "BackoffRate": 3,
        "JitterStrategy": "FULL",
    },
]
_RETRY_FUNCTION = [
    {
        "ErrorEquals": [
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
            "Lambda.TooManyRequestsException",
            # A function that was cut off: each of ours may be run again.
            "Lambda.Unknown",
            "Sandbox.Timedout",
        ],
        "IntervalSeconds": 2,
        "MaxAttempts": 4,
        "BackoffRate": 2,
        "JitterStrategy": "FULL",
    }
]
_RETRY_NOTIFY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}]

# For what comes around the two jobs: waiting for an instance, judging, retries.
_MARGIN_SECONDS = 3600


def time_limit(*, prepare_seconds: int, train_seconds: int) -> int:
    """After how many seconds an execution is ended."""
    return prepare_seconds + train_seconds + _MARGIN_SECONDS


def definition(at: Addresses) -> dict[str, Any]:
    """The state machine's definition."""
    return {
        "Comment": f"Trains {at.model_name} and promotes it when it is better",
        "QueryLanguage": "JSONata",
        "StartAt": "NameVersion",
        "TimeoutSeconds": time_limit(prepare_seconds=at.prepare_seconds, train_seconds=at.train_seconds),
        "States": {
            "NameVersion": _name_version(),
            "Acquire": _acquire(at),
            "Prepare": _job("Prepare", "createProcessingJob", prepare_request(at), next_="IsPrepared"),
            "IsPrepared": _is_completed(
                "Prepare",
                "ProcessingJobStatus",
                output="{% $states.input.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri %}",
                next_="Train",
            ),
            "Train": _job(
                "Train", "createTrainingJob", train_request(at), next_="IsTrained", after_failure="ReadFailure"
            ),
            "IsTrained": _is_completed("Train", "TrainingJobStatus", output="{% $states.input %}", next_="Judge"),
            "Judge": _call(
                "Judge",
                at.judge_function,
                {"version": "{% $version %}", "bundle": "{% $states.input.ModelArtifacts.S3ModelArtifacts %}"},
                assign={"decision": "{% $states.result.Payload %}"},
                next_="IsBetter",
            ),
            "IsBetter": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $decision.promote %}", "Next": "Promote"}],
                "Default": "NotifyDecision",
            },
            "Promote": _call(
                "Promote",
                at.promote_function,
                "{% $decision %}",
                assign={"decision": "{% $merge([$decision, $states.result.Payload]) %}"},
                next_="NotifyDecision",
            ),
            "NotifyDecision": _notify(decision_message(at)),
            "ReadFailure": _read_failure(at),
            "ExplainFailure": {
                "Type": "Pass",
                "Assign": {"failure": f"{{% $merge([$failure, {{'words': {FAILURE_IN_WORDS}}}]) %}}"},
                "Next": "NotifyFailure",
            },
            "NotifyFailure": _notify(failure_message(at)),
            "Release": _release(at),
            "HowItEnded": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $exists($failure.state) %}", "Next": "Failed"},
                    {"Condition": "{% $decision.promote %}", "Next": "Promoted"},
                ],
                "Default": "KeepChampion",
            },
            "Promoted": {"Type": "Succeed"},
            "KeepChampion": {"Type": "Succeed"},
            "Failed": {
                "Type": "Fail",
                "Error": "{% $failure.error %}",
                "Cause": "{% $failure.state & ': ' & $failure.words %}",
            },
        },
    }


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
            "failure": {},
            "decision": {"promote": False},
        },
        "Next": "Acquire",
    }


def _acquire(at: Addresses) -> dict[str, Any]:
    """Refuses an execution while another runs; answers where the champion's contract is."""
    payload = {
        "action": "acquire",
        "execution": "{% $states.context.Execution.Id %}",
        "version": "{% $version %}",
        "started": "{% $states.context.Execution.StartTime %}",
    }
    assign = {"previous_contract": "{% $states.result.Payload.previous_contract %}"}
    return _call("Acquire", at.lease_function, payload, assign=assign, next_="Prepare")


def _job(
    state: str, action: str, request: dict[str, Any], *, next_: str, after_failure: str = "ExplainFailure"
) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::sagemaker:{action}.sync",
        "Arguments": request,
        "Output": "{% $states.result %}",
        "Retry": _RETRY_JOB,
        "Catch": _catch(state, next_=after_failure),
        "Next": next_,
    }


def _is_completed(state: str, status: str, *, output: str, next_: str) -> dict[str, Any]:
    """AWS does not document whether its integration takes a stopped job for a failed one; here it is one."""
    stopped = {"state": state, "error": "SageMaker.JobStopped", "cause": "{% $string($states.input) %}"}
    return {
        "Type": "Choice",
        "Choices": [{"Condition": f"{{% $states.input.{status} = 'Completed' %}}", "Output": output, "Next": next_}],
        "Assign": {"failure": stopped},
        "Default": "ExplainFailure",
    }


def _read_failure(at: Addresses) -> dict[str, Any]:
    """Looks for the words of the training job's own code; a job that never started has left none."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Arguments": {"Bucket": at.model_bucket, "Key": f"{{% {failure_key(at)} %}}"},
        "Assign": {"failure": "{% $merge([$failure, {'told': $string($states.result.Body)}]) %}"},
        # An object that is not there has a name of its own only for those who may list the bucket.
        "Retry": [{"ErrorEquals": ["S3.S3Exception"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "ExplainFailure"}],
        "Next": "ExplainFailure",
    }


def _call(
    state: str, function: str, payload: Any, *, next_: str, assign: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": payload},
        **({"Assign": assign} if assign else {}),
        "Output": "{% $states.input %}",
        "Retry": _RETRY_FUNCTION,
        "Catch": _catch(state),
        "Next": next_,
    }


def _catch(state: str, *, next_: str = "ExplainFailure") -> list[dict[str, Any]]:
    failure = {
        "state": state,
        "error": "{% $states.errorOutput.Error %}",
        "cause": "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : 'no cause was given' %}",
    }
    return [{"ErrorEquals": ["States.ALL"], "Assign": {"failure": failure}, "Next": next_}]


def _notify(publication: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": publication,
        "Retry": _RETRY_NOTIFY,
        # The outcome stays what it is, whether or not it could be announced.
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Release"}],
        "Next": "Release",
    }


def _release(at: Addresses) -> dict[str, Any]:
    """Gives the lease back, if this execution has it: a refused one ends here too. What comes out is the decision."""
    payload = {"action": "release", "execution": "{% $states.context.Execution.Id %}"}
    return {
        **_call("Release", at.lease_function, payload, next_="HowItEnded"),
        "Output": "{% $decision %}",
        # A lease that could not be given back expires.
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $decision %}", "Next": "HowItEnded"}],
    }
