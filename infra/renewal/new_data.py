"""What [renewal] on_new_data adds to the renewal state machine: a training on a version of the data.

    MayBegin -> PrepareTable -> IsTablePrepared -> TrainChallengers -> IsTable -> JudgeTable -> IsBetter
    MayBegin -> NotifyUntrained -> Release
    IsFree -> WaitForLease -> NameRenewal

It is a run of renewal like any other, with the lease, the limits, the ledger and the messages of one; but its jobs, its
splits and its gates are those of a training. While another holds the lease, it waits, and begins anew with a name of
that time: what is new is not told again.
"""

from typing import Any

from evergreen import names
from infra.renewal.messages import untrained_message
from infra.training.addresses import Addresses
from infra.training.jobs import prepare_request
from infra.training.tasks import call, is_completed, job, notify

# What the rule passes on: the key of the note that a version is new, and when it was written.
NOTE, TIME = "note", "time"
_VERSION = f"$substringBefore($substringAfter($states.input.{NOTE}, '{names.DATA_PREFIX}'), '{names.NEWS}')"
_IS_NEW_DATA = "$new_data != ''"
_WAIT_FOR_LEASE_SECONDS = 60


def with_new_data(definition: dict[str, Any], at: Addresses) -> dict[str, Any]:
    """
    Args:
        definition: of the renewal state machine.
    """
    states = definition["States"]
    changed = {name: states[name] for name in ("NameRenewal", "IsFree", "Begin", "MayBegin", "TrainChallengers")}
    changed["NameRenewal"] = _assigning(
        changed["NameRenewal"],
        new_data=f"{{% $exists($states.input.{NOTE}) ? {_VERSION} : '' %}}",
        brought=f"{{% $exists($states.input.{TIME}) ? $states.input.{TIME} : '' %}}",
        reason=f"{{% $exists($states.input.{NOTE}) ? 'new data: ' & {_VERSION} : $states.input.reason %}}",
    )
    taken = {"Condition": f"{{% $exists($lease.taken) and {_IS_NEW_DATA} %}}", "Next": "WaitForLease"}
    changed["IsFree"] = _choosing(changed["IsFree"], taken)
    arguments = changed["Begin"]["Arguments"]
    payload = {**arguments["Payload"], "new_data": "{% $new_data %}", "brought": "{% $brought %}"}
    changed["Begin"] = {**changed["Begin"], "Arguments": {**arguments, "Payload": payload}}
    changed["MayBegin"] = _choosing(
        changed["MayBegin"],
        {
            "Condition": f"{{% $begun.go and {_IS_NEW_DATA} %}}",
            "Assign": {
                "data": "{% $begun.data %}",
                "settings": "{% $begun.settings %}",
                "git_commit": "{% $begun.git_commit %}",
            },
            "Next": "PrepareTable",
        },
        {
            "Condition": f"{{% $not($begun.go) and {_IS_NEW_DATA} and $not($begun.known) %}}",
            "Assign": {"decision": {"promote": False, "told": "{% $begun.told %}"}},
            "Next": "NotifyUntrained",
        },
    )
    changed["TrainChallengers"] = {**changed["TrainChallengers"], "Next": "IsTable"}
    return {**definition, "States": {**states, **changed, **_states(at, prepare=states["Prepare"])}}


def _states(at: Addresses, *, prepare: dict[str, Any]) -> dict[str, Any]:
    """
    Args:
        prepare: the first job of a renewal, whose seconds are counted as those of this one's.
    """
    prepared = "{% $states.input.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri %}"
    completed = is_completed("PrepareTable", "ProcessingJobStatus", output=prepared, next_="TrainChallengers")
    (way,) = completed["Choices"]
    # The table is one window, and its version that of the run.
    window = {"window": "table", "version": "{% $version %}", "prepared": prepared}
    way = {**way, "Assign": {"plan": {"candidates": [window], "manifest": "{% $data %}"}}}
    return {
        "WaitForLease": {"Type": "Wait", "Seconds": _WAIT_FOR_LEASE_SECONDS, "Next": "NameRenewal"},
        "PrepareTable": {
            **job("PrepareTable", "createProcessingJob", prepare_request(at), next_="IsTablePrepared"),
            "Assign": prepare["Assign"],
        },
        "IsTablePrepared": {**completed, "Choices": [way]},
        "IsTable": {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% {_IS_NEW_DATA} %}}", "Next": "JudgeTable"}],
            "Default": "Judge",
        },
        "JudgeTable": call(
            "JudgeTable",
            at.judge_function,
            {
                "version": "{% $version %}",
                "bundle": "{% $states.input[0].bundle %}",
                "trigger": "{% $reason %}",
            },
            assign={"decision": "{% $states.result.Payload %}"},
            next_="IsBetter",
        ),
        "NotifyUntrained": notify(untrained_message(at)),
    }


def _assigning(state: dict[str, Any], **variables: str) -> dict[str, Any]:
    return {**state, "Assign": {**state["Assign"], **variables}}


def _choosing(state: dict[str, Any], *first: dict[str, Any]) -> dict[str, Any]:
    """With other choices before its own."""
    return {**state, "Choices": [*first, *state["Choices"]]}
