"""Starts an execution of a workflow and follows it to its end."""

import json
import time
from collections.abc import Callable, Collection
from typing import Any

from cli.aws.target import Target
from cli.console import Step, console
from evergreen.errors import CommandFailed

# Seconds between two polls of a running execution: from the shortest to the longest, an eighth longer each time, since
# a training on AWS takes minutes, and an account may poll all of its executions only so often.
_POLL, _LONGEST_POLL, _LONGER = 0.25, 5.0, 1.125

# Called when a state starts (seconds is None) and when it ends.
OnState = Callable[[str, float | None], None]
# Called with each event of the execution's history.
OnEvent = Callable[[dict[str, Any]], None]


def shown_in(step: Step, untold: Collection[str]) -> OnState:
    """Shows the states of an execution: which runs, and how long each took.

    Args:
        untold: tasks that nobody waits for.
    """

    def on_state(name: str, seconds: float | None) -> None:
        if name in untold:
            return
        if seconds is None:
            step.progress(f"{name} is running")
        else:
            console.print(f"    {name:<50} {seconds:6.1f} s", markup=False)

    return on_state


def execute(
    target: Target,
    state_machine: str,
    run_input: dict[str, Any],
    on_state: OnState,
    *,
    what: str,
    on_event: OnEvent = lambda _: None,
) -> dict[str, Any]:
    """Run a workflow; returns its output.

    Args:
        state_machine: its ARN.
        what: it does, for messages.

    Raises:
        CommandFailed: the execution failed, was aborted or timed out.
    """
    workflow = target.client("stepfunctions")
    started = workflow.start_execution(stateMachineArn=state_machine, input=json.dumps(run_input))
    execution = started["executionArn"]
    seen = 0
    entered: dict[str, float] = {}
    pause = _POLL
    while True:
        # Read before the history: of a finished execution, all events are then read below.
        status = workflow.describe_execution(executionArn=execution)
        for event in _events_after(seen, workflow, execution):
            _report(event, entered, on_state)
            seen = event["id"]
            on_event(event)
        if status["status"] != "RUNNING":
            break
        time.sleep(pause)
        pause = min(pause * _LONGER, _LONGEST_POLL)
    if status["status"] != "SUCCEEDED":
        raise CommandFailed(f"{what} {status['status'].lower().replace('_', ' ')}{_last_words(status)}")
    return dict(json.loads(status["output"]))


def _events_after(seen: int, workflow: Any, execution: str) -> list[dict[str, Any]]:
    """The events of an execution after the one of this number, which counts from 1, the oldest first."""
    found: list[dict[str, Any]] = []
    pages = workflow.get_paginator("get_execution_history").paginate(
        executionArn=execution, reverseOrder=True, PaginationConfig={"PageSize": 100}
    )
    for page in pages:
        new = [event for event in page["events"] if event["id"] > seen]
        found += new
        if len(new) < len(page["events"]):
            break
    return found[::-1]


def _report(event: dict[str, Any], entered: dict[str, float], on_state: OnState) -> None:
    # The other states only choose what comes next, and take no time.
    if not event["type"].startswith("TaskState"):
        return
    moment = event["timestamp"].timestamp()
    if details := event.get("stateEnteredEventDetails"):
        entered[details["name"]] = moment
        on_state(details["name"], None)
    elif details := event.get("stateExitedEventDetails"):
        on_state(details["name"], moment - entered.get(details["name"], moment))


def _last_words(status: dict[str, Any]) -> str:
    """The state that failed and why, as the workflow says it; an end that it could not see has words of its own."""
    cause = status.get("cause", "")
    state, _, words = cause.partition(": ")
    if state.isidentifier():
        return f" at {state}: {words}"
    return f": {cause}" if cause else ""
