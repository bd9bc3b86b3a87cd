"""The trainings of a renewal, side by side: a Map state.

What goes wrong in one ends all, with the job's own words as the cause. The variable has a name of its own, since a
state within a Map may not assign one of the outer workflow.
"""

from typing import Any

from infra.renewal.jobs import challenger_request
from infra.training.addresses import Addresses
from infra.training.jobs import failure_key
from infra.training.messages import FAILURE_IN_WORDS
from infra.training.tasks import RETRY_JOB, catch

# A wait and no retry: a job's name counts its retries, and the policies leave one character for the count.
_WAIT_FOR_INSTANCE_SECONDS = 60
_KEEP_INPUT = "{% $states.input %}"


def train_challengers(at: Addresses, *, next_: str) -> dict[str, Any]:
    """From the plan's candidates to a list of window, version, bundle, and the seconds that the job has run for."""
    return {
        "Type": "Map",
        "Items": "{% $plan.candidates %}",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "TrainChallenger",
            "States": {
                "TrainChallenger": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
                    "Arguments": challenger_request(at),
                    "Output": "{% $merge([$states.input, {'job': $states.result}]) %}",
                    "Retry": RETRY_JOB,
                    "Catch": [
                        {
                            "ErrorEquals": ["SageMaker.ResourceLimitExceededException"],
                            "Output": _KEEP_INPUT,
                            "Next": "WaitForInstance",
                        },
                        {
                            "ErrorEquals": ["States.ALL"],
                            "Assign": {
                                "trouble": {
                                    "error": "{% $states.errorOutput.Error %}",
                                    "cause": "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause"
                                    " : 'no cause was given' %}",
                                }
                            },
                            "Output": _KEEP_INPUT,
                            "Next": "ReadChallengersFailure",
                        },
                    ],
                    "Next": "IsChallengerTrained",
                },
                # An account may allow one instance at a time: then the trainings come one after the other.
                "WaitForInstance": {
                    "Type": "Wait",
                    "Seconds": _WAIT_FOR_INSTANCE_SECONDS,
                    "Next": "TrainChallenger",
                },
                "IsChallengerTrained": {
                    "Type": "Choice",
                    "Choices": [
                        {"Condition": "{% $states.input.job.TrainingJobStatus = 'Completed' %}", "Next": "Challenger"}
                    ],
                    # AWS does not document whether its integration takes a stopped job for a failed one.
                    "Assign": {
                        "trouble": {
                            "error": "SageMaker.JobStopped",
                            "cause": "{% $string($states.input.job) %}",
                        }
                    },
                    "Default": "ExplainChallengersFailure",
                },
                "Challenger": {
                    "Type": "Pass",
                    "Output": {
                        "window": "{% $states.input.window %}",
                        "version": "{% $states.input.version %}",
                        "bundle": "{% $states.input.job.ModelArtifacts.S3ModelArtifacts %}",
                        "seconds": "{% ($states.input.job.TrainingEndTime - $states.input.job.TrainingStartTime)"
                        " / 1000 %}",
                    },
                    "End": True,
                },
                "ReadChallengersFailure": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
                    "Arguments": {
                        "Bucket": at.model_bucket,
                        "Key": f"{{% {failure_key(at, '$states.input.version')} %}}",
                    },
                    "Assign": {"trouble": "{% $merge([$trouble, {'told': $string($states.result.Body)}]) %}"},
                    "Output": _KEEP_INPUT,
                    "Retry": [
                        {"ErrorEquals": ["S3.S3Exception"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2}
                    ],
                    "Catch": [
                        {"ErrorEquals": ["States.ALL"], "Output": _KEEP_INPUT, "Next": "ExplainChallengersFailure"}
                    ],
                    "Next": "ExplainChallengersFailure",
                },
                "ExplainChallengersFailure": {
                    "Type": "Pass",
                    "Output": f"{{% {FAILURE_IN_WORDS.replace('$failure', '$trouble')} %}}",
                    "Next": "ChallengerFailed",
                },
                "ChallengerFailed": {"Type": "Fail", "Error": "{% $trouble.error %}", "Cause": "{% $states.input %}"},
            },
        },
        "Assign": {"seconds": "{% $seconds + $sum($states.result.seconds) %}"},
        "Output": "{% $states.result %}",
        "Catch": catch("TrainChallengers"),
        "Next": next_,
    }
