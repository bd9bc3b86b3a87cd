"""What goes wrong in a renewal: people are told, the champion stays, nothing is lost, and the next one works.

It comes after the story of test_renewal.py, in the same cloud.
"""

import json

import pytest

from evergreen.renewal.ledger import FAILED
from tests.end_to_end.renewing.conftest import houses

TRIGGERS = 25


@pytest.fixture
def labelled(model):
    """With new labels, so that a renewal has something to go on."""
    model.live(houses(60, 1500, seed=len(model.ledger().runs) + 100))
    return model


@pytest.mark.parametrize(
    ("state", "role", "action", "begins"),
    [
        ("Begin", "Renewal/Renew/Role", "s3:PutObject", False),
        ("Prepare", "Renewal/PrepareRole", "s3:PutObject", True),
        ("TrainChallengers", "Training/TrainRole", "s3:PutObject", True),
        ("Judge", "Training/Judge/Role", "s3:PutObject", True),
    ],
)
def test_a_state_that_fails_is_told_and_leaves_everything_as_it_was(labelled, state, role, action, begins):
    before, champion = labelled.ledger(), labelled.workflow.champion()

    with labelled.workflow.denied(role, action, "*"):
        ended = labelled.workflow.run({"reason": "a test"})

    assert ended["status"] == "FAILED"
    message = labelled.inbox.receive(ended["executionArn"])
    assert message.subject == f"Evergreen dev: renewal failed at {state}"
    assert "AccessDenied" in message.message
    assert labelled.workflow.champion() == champion
    assert labelled.workflow.holder() == ""
    after = labelled.ledger()
    assert (after.standing, after.data, after.until) == (before.standing, before.data, before.until)
    assert len(after.runs) == len(before.runs) + begins
    if begins:
        assert after.runs[-1].outcome == FAILED
        assert after.runs[-1].told.startswith(f"{state}: ")


@pytest.mark.parametrize("state", ["Prepare", "TrainChallengers", "Judge"])
def test_one_that_is_aborted_gives_back_the_lease_and_the_next_one_knows(labelled, state):
    champion, workflow = labelled.workflow.champion(), labelled.workflow
    execution = workflow.start({"reason": "to be aborted"})
    workflow.wait_until(lambda: state in workflow.entered(execution))

    workflow.states.stop_execution(executionArn=execution)

    workflow.wait_until(lambda: workflow.holder() == "")
    assert workflow.champion() == champion
    message = labelled.inbox.receive(execution.rpartition(":")[2]).message
    assert "ended as ABORTED" in message
    assert "Renew again: evergreen renew -e dev" in message
    labelled.renew()
    aborted = labelled.ledger().run(execution)
    assert aborted.outcome == FAILED
    assert "aborted" in aborted.told


def test_of_many_triggers_at_once_one_begins_and_the_others_tell_nobody(labelled):
    before = len(labelled.ledger().runs)

    executions = [labelled.workflow.start({"reason": f"trigger {number}"}) for number in range(TRIGGERS)]

    ended = [labelled.workflow.end_of(execution) for execution in executions]
    assert [each["status"] for each in ended] == ["SUCCEEDED"] * TRIGGERS
    outputs = [json.loads(each["output"]) for each in ended]
    taken = [output for output in outputs if "another training of houses is running" in output.get("told", "")]
    assert len(taken) == TRIGGERS - 1
    assert len(labelled.ledger().runs) == before + 1
