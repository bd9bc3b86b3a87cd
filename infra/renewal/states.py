"""The renewal state machine in Amazon States Language and JSONata.

    NameRenewal -> Acquire -> IsFree -> Begin -> MayBegin -> Prepare -> IsPrepared -> Plan -> HasLabels
        -> TrainChallengers -> Judge -> IsBetter -> Promote -> End -> NotifyDecision -> Release -> HowItEnded

What may not begin goes to Release at once, and tells nobody but who asked. A state that fails leads to ExplainFailure,
EndFailed (which writes it into the ledger), NotifyFailure and Release. What on_new_data adds: new_data.py.
"""

import json
from collections.abc import Mapping
from typing import Any

from infra.renewal.challengers import train_challengers
from infra.renewal.jobs import SETTINGS_READ, collect_request
from infra.renewal.messages import CHAMPION_AFTER_FAILURE, renewal_message
from infra.renewal.new_data import with_new_data
from infra.training.addresses import Addresses
from infra.training.messages import failure_message
from infra.training.states import name_version, time_limit
from infra.training.tasks import call, endings, explain, is_completed, job, notify, promote, release


def definition(at: Addresses, *, renew_function: str, renewal: Mapping[str, Any]) -> dict[str, Any]:
    """The state machine's definition.

    Args:
        renewal: [renewal] of model.toml.
    """
    states = _definition(at, renew_function=renew_function, renewal=renewal)
    return with_new_data(states, at) if renewal["on_new_data"] else states


def _definition(at: Addresses, *, renew_function: str, renewal: Mapping[str, Any]) -> dict[str, Any]:
    settings = json.dumps({name: renewal[name] for name in SETTINGS_READ})
    return {
        "Comment": f"Renews {at.model_name} from predictions whose truth has come in",
        "QueryLanguage": "JSONata",
        "StartAt": "NameRenewal",
        "TimeoutSeconds": time_limit(
            prepare_seconds=at.prepare_seconds, train_seconds=at.train_seconds, trainings=len(renewal["windows"])
        ),
        "States": {
            "NameRenewal": name_version(
                {
                    "reason": "{% $states.input.reason %}",
                    "by_hand": "{% $exists($states.input.by_hand) ? $states.input.by_hand : false %}",
                    "plan": {},
                    "begun": {},
                    "seconds": 0,
                },
                next_="Acquire",
            ),
            "Acquire": call(
                "Acquire",
                at.lease_function,
                {
                    "action": "acquire",
                    "execution": "{% $states.context.Execution.Id %}",
                    "version": "{% $version %}",
                    "started": "{% $states.context.Execution.StartTime %}",
                    "or_leave_it": True,
                },
                assign={"lease": "{% $states.result.Payload %}"},
                next_="IsFree",
                after_failure="ExplainFailure",
            ),
            "IsFree": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": "{% $exists($lease.taken) %}",
                        "Assign": {"decision": {"promote": False, "told": "{% $lease.taken %}"}},
                        "Next": "Release",
                    }
                ],
                "Assign": {"previous_contract": "{% $lease.previous_contract %}"},
                "Default": "Begin",
            },
            "Begin": call(
                "Begin",
                renew_function,
                {
                    "action": "begin",
                    "execution": "{% $states.context.Execution.Id %}",
                    "version": "{% $version %}",
                    "reason": "{% $reason %}",
                    "by_hand": "{% $by_hand %}",
                },
                assign={"begun": "{% $states.result.Payload %}"},
                next_="MayBegin",
            ),
            "MayBegin": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": "{% $begun.go %}",
                        "Assign": {"settings": "{% $begun.settings %}", "git_commit": "{% $begun.git_commit %}"},
                        "Next": "Prepare",
                    }
                ],
                "Assign": {"decision": {"promote": False, "told": "{% $begun.told %}"}},
                "Default": "Release",
            },
            "Prepare": {
                **job("Prepare", "createProcessingJob", collect_request(at, settings), next_="IsPrepared"),
                # A job that was stopped before it has started has no times, which the sum leaves out.
                "Assign": {
                    "seconds": "{% $sum([$seconds,"
                    " ($states.result.ProcessingEndTime - $states.result.ProcessingStartTime) / 1000]) %}"
                },
            },
            "IsPrepared": is_completed(
                "Prepare",
                "ProcessingJobStatus",
                output="{% $states.input.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri %}",
                next_="Plan",
            ),
            "Plan": call(
                "Plan",
                renew_function,
                {
                    "action": "plan",
                    "execution": "{% $states.context.Execution.Id %}",
                    "prepared": "{% $states.input %}",
                },
                assign={"plan": "{% $states.result.Payload %}"},
                next_="HasLabels",
            ),
            "HasLabels": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $plan.refused = '' %}", "Next": "TrainChallengers"}],
                "Assign": {"decision": {"promote": False, "told": "{% $plan.refused %}"}},
                "Default": "End",
            },
            "TrainChallengers": train_challengers(at, next_="Judge"),
            "Judge": call(
                "Judge",
                at.judge_function,
                {
                    "candidates": "{% $states.input %}",
                    "champion": "{% $begun.champion %}",
                    "earlier": "{% $begun.earlier %}",
                    "standing": "{% $begun.standing %}",
                    "reason": "{% $reason %}",
                },
                assign={"decision": "{% $states.result.Payload %}"},
                next_="IsBetter",
            ),
            **promote(at, next_="End"),
            # An expression, since the validator of definitions takes no empty text.
            "End": _end("End", renew_function, "{% '' %}", next_="NotifyDecision", after_failure="ExplainEnd"),
            "NotifyDecision": notify(renewal_message(at)),
            "ExplainFailure": explain(next_="EndFailed"),
            "EndFailed": _end(
                "EndFailed",
                renew_function,
                "{% $failure.state & ': ' & $failure.words %}",
                next_="NotifyFailure",
                after_failure="NotifyFailure",
            ),
            # A ledger that cannot be written tells the next renewal that this one was aborted.
            "ExplainEnd": explain(next_="NotifyFailure"),
            "NotifyFailure": notify(failure_message(at, "renewal", champion=CHAMPION_AFTER_FAILURE)),
            "Release": release(at),
            **endings(NotNow="$exists($decision.told)"),
        },
    }


def _end(state: str, renew_function: str, failure: str, *, next_: str, after_failure: str) -> dict[str, Any]:
    """Write into the ledger what came of the renewal."""
    payload = {
        "action": "end",
        "execution": "{% $states.context.Execution.Id %}",
        "seconds": "{% $seconds %}",
        "forgets": "{% $exists($begun.forgets) ? $begun.forgets : 0 %}",
        "plan": "{% $plan %}",
        "decision": "{% $decision %}",
        "failure": failure,
    }
    end = call(
        state,
        renew_function,
        payload,
        assign={"run": "{% $states.result.Payload %}"},
        next_=next_,
        after_failure=after_failure,
    )
    if state == "End":
        return end
    # The failure that is told is the one before this.
    return {**end, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": after_failure}]}
