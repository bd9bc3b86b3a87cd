"""Each grant of [renewal] that docs/grants.md calls enforced locally is taken away in turn, and what needs it fails.

It comes after the other tests, in the same cloud, whatever they have left there. A grant that nothing here misses is
one to delete, or one that only AWS would miss: the table says which.
"""

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from evergreen import names
from evergreen.renewal.ledger import FAILED, KEPT, PROMOTED
from tests.end_to_end.clouds import environment
from tests.end_to_end.grants import CHECK, DENIED, RENEWAL, Stack, aws_only, enforced, name_of
from tests.end_to_end.renewing.conftest import houses

RENEW = "Renewal/Renew"
PRICE = 1500
# With more labels than make a reason to renew.
ROWS = 80
ENFORCED, AWS_ONLY = enforced(RENEWAL), aws_only(RENEWAL)


@pytest.fixture(scope="module")
def stack(model):
    """With labels that no renewal has judged on: those that fail leave them to the next."""
    with environment(model.deployed.embedded.environment()):
        model.live(houses(ROWS, PRICE, seed=200))
        return Stack(model.deployed)


def check(stack):
    """What the function says when it may begin a renewal, as on its schedule."""
    now = datetime.now(UTC)
    window = {"start": now - timedelta(hours=1), "end": now}
    event = {name: moment.isoformat() for name, moment in window.items()}
    return stack.invoke(CHECK, {**event, "renew": True}, cold=False)


def begin(stack):
    """What the renew function says to an execution that asks whether it may."""
    execution = f"arn:aws:states:us-east-1:000000000000:execution:renewal:{uuid.uuid4()}"
    event = {"action": "begin", "execution": execution, "version": "try", "reason": "a test", "by_hand": True}
    return stack.invoke(RENEW, event, cold=False)


def plan(stack):
    """What it says to one whose first job has found nothing."""
    bucket, prepared = stack.data, f"{names.PREPARED_PREFIX}{stack.model}/try"
    found = {"rows": 0, "until": "", "data": "", "refused": "", "windows": {}}
    stack.s3.put_object(Bucket=bucket, Key=f"{prepared}/{names.PLAN}", Body=json.dumps(found))
    return stack.invoke(RENEW, {"action": "plan", "prepared": f"s3://{bucket}/{prepared}"}, cold=False)


def bookkeeping(on):
    """The action of the renew function that needs a grant."""
    return plan if on[0].endswith(names.PLAN) else begin


def failure(model, state):
    """What the ledger knows of a renewal that fails there."""
    ended = model.workflow.run({"reason": "a test", "by_hand": True})
    assert ended["status"] == "FAILED"
    run = model.ledger().run(ended["executionArn"])
    assert run.outcome == FAILED
    assert run.told.startswith(f"{state}: ")
    return run.told


@pytest.mark.parametrize(("role", "action", "on"), ENFORCED, ids=map(name_of, ENFORCED))
def test_without_the_grant_what_needs_it_is_refused(model, stack, role, action, on):
    # After some failures in a row, renewal would pause itself: each of these finds the ledger as the first one does.
    # S3 calls a missing object missing only to those who may list the bucket: to others it is forbidden.
    missing = (action, on) == ("s3:ListBucket", ("models-bucket",))
    ledger = stack.without_ledger() if missing else stack.ledger_as_before()
    with stack.without({(role, action, on)}) as gone, ledger:
        assert gone == {(role, action, on)}
        if role.startswith(CHECK):
            said = check(stack)
        elif role.startswith(RENEW):
            said = bookkeeping(on)(stack)
        else:
            assert role == "Renewal/PrepareRole"
            said = failure(model, "Prepare")
    assert DENIED.search(str(said)), said


def test_with_every_grant_in_place_the_bookkeeping_is_not_refused(stack):
    with stack.ledger_as_before():
        assert begin(stack)["go"]
    assert plan(stack)["candidates"] == []


def test_what_the_table_calls_aws_only_is_not_enforced_here(model, stack):
    # Once it is, its row must say so and the test above must try it.
    model.live(houses(ROWS, PRICE, seed=201))
    with stack.without(AWS_ONLY) as gone:
        # A schedule of its own is not asked for here.
        assert gone == {grant for grant in AWS_ONLY if grant[0] != "Renewal/ScheduleRole"}
        model.renew(by_hand=True)
    assert model.ledger().runs[-1].outcome in (PROMOTED, KEPT)
