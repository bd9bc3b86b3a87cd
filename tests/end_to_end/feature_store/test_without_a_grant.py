"""Each grant of [features] that docs/grants.md calls enforced locally is taken away in turn, and what needs it fails.

It comes after the other tests, in the same cloud. A grant that nothing here misses is one to delete, or one that only
AWS would miss: the table says which.
"""

import pandas as pd
import pytest

from cli.demo.telemetry import Captures
from evergreen import names
from evergreen.errors import CommandFailed
from tests.end_to_end.clouds import environment
from tests.end_to_end.grants import DENIED, FEATURES, Stack, aws_only, enforced, name_of

ENFORCED, AWS_ONLY = enforced(FEATURES), aws_only(FEATURES)
PREDICT, PREPARE, JOB = "Prediction/Predict/Role", "Training/PrepareRole", "Features/JobRole"
JUDGE = "Training/Judge/Role"


@pytest.fixture(scope="module")
def stack(store):
    """With a registry, which the first run of the workflow leaves."""
    with environment(store.deployed.embedded.environment()):
        ran = store.run("materialize")
        assert ran.exit_code == 0, ran.output
        return Stack(store.deployed)


def bring(store, number):
    """Something new in the history, so that the workflow has to write."""
    row = {**store.newest("Waco"), "event_timestamp": f"2008-01-{number:02}T00:00:00Z"}
    pd.DataFrame([row]).to_csv(store.folder / "fresh.csv", index=False)
    pushed = store.run("push", str(store.folder / "fresh.csv"))
    assert pushed.exit_code == 0, pushed.output


def record(store):
    """A prediction among the captures, so that the workflow has to read one."""
    answer = store.endpoint.predict({"entities": {"city": "Austin"}})
    Captures(store.deployed.target).await_records(names.PREDICTIONS_PREFIX, [answer["prediction_id"]])


@pytest.mark.parametrize(("role", "action", "on"), ENFORCED, ids=map(name_of, ENFORCED))
def test_without_the_grant_what_needs_it_is_refused(store, stack, role, action, on):
    if role == JOB:
        bring(store, 1 + ENFORCED.index((role, action, on)))
        record(store)
    with stack.without({(role, action, on)}) as gone:
        assert gone == {(role, action, on)}
        if role == PREDICT:
            # A store that is not to be had costs its features, never the answer.
            stack.start_cold("Prediction/Predict")
            store.endpoint.predict({"entities": {"city": "Austin"}})
            said = stack.last_log_line("Prediction/Predict", having="the feature store could not be read")
        elif role in (PREPARE, JUDGE):
            with pytest.raises(CommandFailed) as failed:
                store.deployed.train(store.settings)
            said = str(failed.value)
        else:
            assert role == JOB
            said = str(store.run("materialize").exception)
    assert DENIED.search(said), said


def test_what_the_table_calls_aws_only_is_not_enforced_here(store, stack):
    # Once it is, its row must say so and the test above must try it.
    bring(store, 31)
    with stack.without(AWS_ONLY) as gone:
        assert gone == AWS_ONLY
        ran = store.run("materialize")
    assert ran.exit_code == 0, ran.output
