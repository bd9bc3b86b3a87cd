"""The training state machine in Amazon States Language and JSONata.

    NameVersion -> Acquire -> Prepare -> IsPrepared -> Train -> IsTrained -> Judge -> IsBetter -> Promote
        -> NotifyDecision -> Release -> HowItEnded

A state that fails leads to ExplainFailure, NotifyFailure and then to Release as well: the lease is given back at both
ends. After Train, ReadFailure comes first.
"""

from typing import Any

from infra.training.addresses import Addresses
from infra.training.jobs import prepare_request, train_request
from infra.training.messages import decision_message, failure_message
from infra.training.tasks import call, endings, explain, is_completed, job, notify, promote, read_failure, release

# For what comes around the jobs: waiting for an instance, judging, retries.
_MARGIN_SECONDS = 3600


def time_limit(*, prepare_seconds: int, train_seconds: int, trainings: int = 1) -> int:
    """After how many seconds an execution is ended.

    Args:
        trainings: how many it has. An account may allow one at a time.
    """
    return prepare_seconds + trainings * train_seconds + _MARGIN_SECONDS


def definition(at: Addresses) -> dict[str, Any]:
    """The state machine's definition."""
    return {
        "Comment": f"Trains {at.model_name} and promotes it when it is better",
        "QueryLanguage": "JSONata",
        "StartAt": "NameVersion",
        "TimeoutSeconds": time_limit(prepare_seconds=at.prepare_seconds, train_seconds=at.train_seconds),
        "States": {
            "NameVersion": name_version(
                {
                    "data": "{% $states.input.data %}",
                    "settings": "{% $states.input.settings %}",
                    "git_commit": "{% $states.input.git_commit %}",
                },
                next_="Acquire",
            ),
            "Acquire": _acquire(at),
            "Prepare": job("Prepare", "createProcessingJob", prepare_request(at), next_="IsPrepared"),
            "IsPrepared": is_completed(
                "Prepare",
                "ProcessingJobStatus",
                output="{% $states.input.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri %}",
                next_="Train",
            ),
            "Train": job(
                "Train", "createTrainingJob", train_request(at), next_="IsTrained", after_failure="ReadFailure"
            ),
            "IsTrained": is_completed("Train", "TrainingJobStatus", output="{% $states.input %}", next_="Judge"),
            "Judge": call(
                "Judge",
                at.judge_function,
                {"version": "{% $version %}", "bundle": "{% $states.input.ModelArtifacts.S3ModelArtifacts %}"},
                assign={"decision": "{% $states.result.Payload %}"},
                next_="IsBetter",
            ),
            **promote(at, next_="NotifyDecision"),
            "NotifyDecision": notify(decision_message(at)),
            "ReadFailure": read_failure(at),
            "ExplainFailure": explain(next_="NotifyFailure"),
            "NotifyFailure": notify(failure_message(at)),
            "Release": release(at),
            **endings(),
        },
    }


def name_version(assign: dict[str, Any], *, next_: str) -> dict[str, Any]:
    """Names the version by time; four random digits tell two of one second apart.

    Args:
        assign: other variables that the workflow begins with.
    """
    return {
        "Type": "Pass",
        "Assign": {
            "version": "{% $fromMillis($millis(), '[Y0001][M01][D01]-[H01][m01][s01]')"
            " & '-' & $substring($uuid(), 0, 4) %}",
            **assign,
            "failure": {},
            "decision": {"promote": False},
        },
        "Next": next_,
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
    return call("Acquire", at.lease_function, payload, assign=assign, next_="Prepare")
