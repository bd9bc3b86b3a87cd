"""Each grant that docs/grants.md calls enforced locally is taken away in turn, and what needs it fails.

A grant that nothing here misses is one to delete, or one that only AWS would miss: the table says which.
"""

import uuid
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from cli.aws.endpoint import Endpoint, RequestRefused
from cli.demo.telemetry import Captures
from evergreen import names
from evergreen.errors import CommandFailed
from tests.end_to_end.grants import ALWAYS, CHECK, DENIED, Stack, aws_only, enforced, name_of
from tests.end_to_end.workflow import ROW, settings_with

PREDICT = "Prediction/Predict"
NOTIFY = "Notifier/Notify"
ALARM = {"alarmData": {"alarmName": "evergreen-dev drift", "state": {"value": "ALARM"}}}
# Grants that only a first promotion needs.
SEEN_WITHOUT_CHAMPION = {
    ("Training/Judge/Role", "s3:ListBucket"),
    ("Training/Promote/Role", "s3:ListBucket"),
    ("Training/Promote/Role", "s3:PutObject"),
    ("Prediction/Predict/Role", "s3:ListBucket"),
    ("Monitoring/CheckDrift/Role", "s3:ListBucket"),
}

ENFORCED, AWS_ONLY = enforced(ALWAYS), aws_only(ALWAYS)


@pytest.fixture(scope="module")
def stack(trained):
    """With a prediction and a label captured, and a check made."""
    captures, endpoint = Captures(trained.target), Endpoint(trained.target)
    predicted = endpoint.predict({"features": ROW})
    # What was predicted: the checks of other tests count this label as well.
    endpoint.feedback({"prediction_id": predicted["prediction_id"], "actual": predicted["prediction"]})
    for prefix in (names.PREDICTIONS_PREFIX, names.FEEDBACK_PREFIX):
        captures.await_records(prefix, [predicted["prediction_id"]])
    stack = Stack(trained)
    assert make_check(stack)["rows"] > 0
    return stack


def make_check(stack, *, cold=False):
    now = datetime.now(UTC)
    window = {"start": now - timedelta(hours=1), "end": now}
    return stack.invoke(CHECK, {name: moment.isoformat() for name, moment in window.items()}, cold=cold)


def acquire(stack):
    """What the lease function says to an execution that asks; it has given the lease back then."""
    event = {"execution": f"arn:aws:states:us-east-1:000000000000:execution:training:{uuid.uuid4()}"}
    started = datetime.now(UTC).isoformat()
    said = stack.invoke("Training/Lease", {**event, "action": "acquire", "version": "try", "started": started})
    stack.invoke("Training/Lease", {**event, "action": "release"}, cold=False)
    return said


def failure(stack, role, on, champion, folder):
    """What goes wrong first when a role is used: words of the workflow, the function or its log."""
    if role.startswith(CHECK):
        if on[0].endswith("<packages>"):
            stack.forget_packages()
        return make_check(stack, cold=on[0].endswith("<packages>"))
    if role.startswith(NOTIFY):
        return stack.invoke(NOTIFY, ALARM, cold=False)
    if role.startswith("Training/Lease"):
        return acquire(stack)
    if role.startswith("Training/Judge"):
        archive = champion["bundle"].rstrip("/") + ".tar.gz"
        event = {"version": champion["version"], "bundle": f"s3://{stack.bucket}/{archive}"}
        return stack.invoke("Training/Judge", event)
    if role.startswith("Training/Promote"):
        event = {**{name: champion[name] for name in ("version", "bundle", "digest")}, "champion": None}
        return stack.invoke("Training/Promote", event)
    if role.startswith(PREDICT):
        stack.start_cold(PREDICT)
        with pytest.raises(RequestRefused) as refused:
            Endpoint(stack.target).model()
        assert refused.value.status == 500
        return stack.last_log_line(PREDICT)
    if "/failures/" in on[0]:
        with pytest.raises(CommandFailed, match="the job gave no reason"):
            stack.train(settings_with(folder, "max_iter = 200", "max_itr = 200"))
        return stack.log_of_jobs()
    with pytest.raises(CommandFailed) as failed:
        stack.train()
    state = {"Training/PrepareRole": "Prepare", "Training/TrainRole": "Train"}[role]
    assert f"training failed at {state}: " in str(failed.value)
    return str(failed.value)


def absent(stack, role, action, on):
    """The stack without the object whose absence shows that a grant is missing."""
    if (role, action) == (f"{NOTIFY}/Role", "s3:ListBucket"):
        return stack.without_check()
    if (role, action) == ("Training/Lease/Role", "s3:ListBucket"):
        return stack.without_lease()
    of_models = on[0] == "models-bucket" or action == "s3:PutObject"
    return stack.without_champion() if of_models and (role, action) in SEEN_WITHOUT_CHAMPION else nullcontext()


@pytest.mark.parametrize(("role", "action", "on"), ENFORCED, ids=map(name_of, ENFORCED))
def test_without_the_grant_what_needs_it_is_refused(stack, role, action, on, tmp_path):
    champion = stack.champion()
    with stack.without({(role, action, on)}) as gone:
        assert gone == {(role, action, on)}
        # S3 calls a missing object missing only to those who may list the bucket: to others it is forbidden. And a
        # pointer that points there already is not written.
        with absent(stack, role, action, on):
            said = failure(stack, role, on, champion, tmp_path)
    assert DENIED.search(str(said)), said


def test_with_the_grant_to_list_predict_can_tell_that_there_is_no_champion_yet(stack):
    with stack.without_champion():
        stack.start_cold(PREDICT)
        with pytest.raises(RequestRefused) as refused:
            Endpoint(stack.target).model()
    assert refused.value.status == 503


def test_what_the_table_calls_aws_only_is_not_enforced_here(stack):
    # Once it is, its row must say so and the test above must try it.
    with stack.without(AWS_ONLY) as gone:
        assert {role for role, _, _ in gone} == set(stack.roles())
        stack.train()
        stack.start_cold(PREDICT)
        assert Endpoint(stack.target).model()["version"] == stack.champion()["version"]


def test_with_every_grant_in_place_a_training_succeeds(stack):
    assert stack.train()["digest"] == stack.champion()["digest"]
    stack.start_cold(PREDICT)
    assert Endpoint(stack.target).model()["version"] == stack.champion()["version"]
