"""The states that workflows are made of, in Amazon States Language and JSONata: jobs, functions, messages, errors."""

from typing import Any

from infra.training.addresses import Addresses
from infra.training.jobs import failure_key
from infra.training.messages import FAILURE_IN_WORDS

# Errors of the services themselves, which a second try may not meet. A job whose own code failed would fail again.
RETRY_JOB = [
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


def job(
    state: str, action: str, request: dict[str, Any], *, next_: str, after_failure: str = "ExplainFailure"
) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::sagemaker:{action}.sync",
        "Arguments": request,
        "Output": "{% $states.result %}",
        "Retry": RETRY_JOB,
        "Catch": catch(state, next_=after_failure),
        "Next": next_,
    }


def is_completed(state: str, status: str, *, output: str, next_: str) -> dict[str, Any]:
    """AWS does not document whether its integration takes a stopped job for a failed one; here it is one."""
    stopped = {"state": state, "error": "SageMaker.JobStopped", "cause": "{% $string($states.input) %}"}
    return {
        "Type": "Choice",
        "Choices": [{"Condition": f"{{% $states.input.{status} = 'Completed' %}}", "Output": output, "Next": next_}],
        "Assign": {"failure": stopped},
        "Default": "ExplainFailure",
    }


def read_failure(at: Addresses) -> dict[str, Any]:
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


def call(
    state: str,
    function: str,
    payload: Any,
    *,
    next_: str,
    assign: dict[str, Any] | None = None,
    after_failure: str = "ExplainFailure",
) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": payload},
        **({"Assign": assign} if assign else {}),
        "Output": "{% $states.input %}",
        "Retry": _RETRY_FUNCTION,
        "Catch": catch(state, next_=after_failure),
        "Next": next_,
    }


def catch(state: str, *, next_: str = "ExplainFailure") -> list[dict[str, Any]]:
    failure = {
        "state": state,
        "error": "{% $states.errorOutput.Error %}",
        "cause": "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : 'no cause was given' %}",
    }
    return [{"ErrorEquals": ["States.ALL"], "Assign": {"failure": failure}, "Next": next_}]


def notify(publication: dict[str, Any], *, next_: str = "Release") -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": publication,
        "Retry": _RETRY_NOTIFY,
        # The outcome stays what it is, whether or not it could be announced.
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": next_}],
        "Next": next_,
    }


def release(at: Addresses) -> dict[str, Any]:
    """Gives the lease back, if this execution has it: a refused one ends here too. What comes out is the decision."""
    payload = {"action": "release", "execution": "{% $states.context.Execution.Id %}"}
    return {
        **call("Release", at.lease_function, payload, next_="HowItEnded"),
        "Output": "{% $decision %}",
        # A lease that could not be given back expires.
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $decision %}", "Next": "HowItEnded"}],
    }


def promote(at: Addresses, *, next_: str) -> dict[str, Any]:
    """The states IsBetter and Promote: of a decision that says so, its version."""
    return {
        "IsBetter": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $decision.promote %}", "Next": "Promote"}],
            "Default": next_,
        },
        "Promote": call(
            "Promote",
            at.promote_function,
            "{% $decision %}",
            assign={"decision": "{% $merge([$decision, $states.result.Payload]) %}"},
            next_=next_,
        ),
    }


def explain(*, next_: str) -> dict[str, Any]:
    """Finds the reason in the words of what failed."""
    return {
        "Type": "Pass",
        "Assign": {"failure": f"{{% $merge([$failure, {{'words': {FAILURE_IN_WORDS}}}]) %}}"},
        "Next": next_,
    }


def failed() -> dict[str, Any]:
    return {
        "Type": "Fail",
        "Error": "{% $failure.error %}",
        "Cause": "{% $failure.state & ': ' & $failure.words %}",
    }


def endings(**others: str) -> dict[str, Any]:
    """The state HowItEnded and those that it leads to.

    Args:
        others: ends that only one workflow has, each with its condition in JSONata.
    """
    conditions = {"Failed": "$exists($failure.state)", "Promoted": "$decision.promote", **others}
    return {
        "HowItEnded": {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% {condition} %}}", "Next": end} for end, condition in conditions.items()],
            "Default": "KeepChampion",
        },
        **{end: {"Type": "Succeed"} for end in ("Promoted", "KeepChampion", *others)},
        "Failed": failed(),
    }
