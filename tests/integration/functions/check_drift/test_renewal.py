"""A check that is a reason to renew begins a renewal, if the stack has one and the check was scheduled."""

import json
import uuid
from dataclasses import asdict

import boto3
import pytest

from evergreen import names
from evergreen.renewal.ledger import Ledger, Model
from evergreen.renewal.rule import ALL, Standing
from evergreen.settings.sections import RenewalSettings
from tests.integration.functions.check_drift.checking import BUCKET, NAME, VERSION, feedback, houses, records, rows_of
from tests.integration.functions.check_drift.deployed import DRIFTED as BROKEN
from tests.integration.functions.check_drift.deployed import EVENT

pytestmark = pytest.mark.usefixtures("in_short")
# Larger, as a world that moves on, and not all the same, as a fault upstream.
DRIFTED = rows_of([{**item, "area": item["area"] * 1.2} for item in houses(400, seed=1)])
SCHEDULED = {**EVENT, "renew": True}


@pytest.fixture
def renewals(stack, monkeypatch):
    """The inputs of the renewals that have begun."""
    states = boto3.client("stepfunctions")
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    role = "arn:aws:iam::123456789012:role/states"
    machine = states.create_state_machine(name=uuid.uuid4().hex, definition=json.dumps(definition), roleArn=role)
    monkeypatch.setenv(names.RENEWAL_WORKFLOW, machine["stateMachineArn"])
    monkeypatch.setenv(names.RENEWAL, json.dumps(asdict(RenewalSettings(enabled=True))))
    stack.promote()

    def begun():
        executions = states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        return [
            json.loads(states.describe_execution(executionArn=each["executionArn"])["input"]) for each in executions
        ]

    return begun


def label(captures, rows):
    captures.put_feedback(feedback({row["prediction_id"]: 100_000.0 for row in rows}))


def test_drift_with_labels_begins_one_with_its_reason(stack, captures, renewals):
    captures.put_records(records(DRIFTED))
    label(captures, DRIFTED)

    result = stack.check(SCHEDULED)

    assert result["renewal"].startswith("A renewal begins")
    [run_input] = renewals()
    assert run_input.keys() == {"reason"}
    assert run_input["reason"].startswith(f"check of {result['checked_at'][:16]}: ")
    assert "drift: " in run_input["reason"]


def test_without_labels_none_begins_and_the_result_says_what_to_send(stack, captures, renewals):
    captures.put_records(records(DRIFTED))

    result = stack.check(SCHEDULED)

    assert "Send what really happened to POST /feedback" in result["renewal"]
    assert renewals() == []


def test_labels_that_the_last_renewal_has_judged_on_do_not_count_again(stack, captures, renewals):
    captures.put_records(records(DRIFTED))
    label(captures, DRIFTED)
    ledger = Ledger(until=max(row["prediction_id"] for row in DRIFTED))
    stack.client.put_object(Bucket=BUCKET, Key=names.ledger_key(NAME), Body=ledger.to_json())

    result = stack.check(SCHEDULED)

    assert result["new_labels"] == 0
    assert renewals() == []


@pytest.mark.parametrize(("periods", "begun"), [(0, 1), (8, 0)])
def test_a_new_champion_is_looked_at_with_few_labels(stack, captures, renewals, periods, begun):
    rows = rows_of(houses(150, seed=1))
    captures.put_records(records(rows))
    captures.put_feedback(feedback({row["prediction_id"]: row["prediction"] for row in rows}))
    standing = Standing(champion=ALL, rows=1000, predecessor="v0", periods=periods)
    champion = Model(version=VERSION, bundle="b/", digest="d")
    ledger = Ledger(champion=champion, standing=standing)
    stack.client.put_object(Bucket=BUCKET, Key=names.ledger_key(NAME), Body=ledger.to_json())

    stack.check(SCHEDULED)

    assert len(renewals()) == begun


def test_on_broken_input_none_begins_and_the_result_says_what_is_broken(stack, captures, renewals):
    captures.put_records(records(BROKEN))
    label(captures, BROKEN)

    assert "area (100% of the rows are of one value" in stack.check(SCHEDULED)["renewal"]
    assert renewals() == []


def test_who_looks_by_hand_begins_nothing_and_hears_what_would(stack, captures, renewals):
    captures.put_records(records(DRIFTED))
    label(captures, DRIFTED)

    assert stack.check(EVENT)["renewal"] == "A scheduled check that finds this begins a renewal."
    assert renewals() == []


def test_before_the_first_champion_none_begins(stack, renewals):
    stack.client.delete_object(Bucket=BUCKET, Key=names.champion_key(NAME))

    assert stack.check(SCHEDULED)["renewal"] == ""
    assert renewals() == []


def test_without_renewal_a_check_says_nothing_of_it(stack, captures):
    stack.promote()
    captures.put_records(records(DRIFTED))
    label(captures, DRIFTED)

    assert stack.check(SCHEDULED)["renewal"] == ""
