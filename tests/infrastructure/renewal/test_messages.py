"""What a renewal tells people, evaluated: what came of it, or what failed and what that means for the champion."""

import json

import pytest

from tests.infrastructure.renewal.test_workflow import DECISION, PLAN, RUN, VERSION, begun, planned
from tests.infrastructure.training.evaluation import context, evaluate
from tests.infrastructure.training.test_rendering import chosen

CHALLENGER = DECISION["version"]
KEPT = {
    **RUN,
    "outcome": "kept",
    "told": "no challenger is ahead beyond chance",
    "promoted": "",
    "challengers": [
        {"name": "all", "version": PLAN["candidates"][0]["version"], "reason": "behind"},
        {"name": "20261001-101112-abcd", "version": "20261001-101112-abcd", "reason": "even further behind"},
    ],
}
REFUSED = {**KEPT, "outcome": "refused", "told": "12 predictions with a label", "rows": 0, "challengers": []}


@pytest.fixture
def states(template_with_renewal):
    return template_with_renewal.state_machine("Renewal/StateMachine")["States"]


def told(states, run, decision):
    variables = planned(states) | {"run": run, "decision": decision}
    return evaluate(states["NotifyDecision"]["Arguments"], variables, context=context())


def failed(states, caught, *, decision=None):
    """What people are told of a failure, and what the ledger is."""
    variables = begun(states) | {"failure": caught} | ({"decision": decision} if decision else {})
    variables |= evaluate(states["ExplainFailure"]["Assign"], variables)
    ledger = evaluate(states["EndFailed"]["Arguments"]["Payload"], variables, context=context())
    return evaluate(states["NotifyFailure"]["Arguments"], variables, context=context()), ledger


def test_a_renewal_says_why_it_began_what_came_of_it_what_it_cost_and_what_happens_next(states, template_with_renewal):
    environment, model = template_with_renewal.environment.name, template_with_renewal.model

    sent = told(states, RUN, DECISION)

    assert sent["Subject"] == f"Evergreen {environment}: {model} renewed by {CHALLENGER}"
    assert sent["Message"].splitlines() == [
        f"The renewal {VERSION} of {model} began because of this: 500 labels.",
        "",
        f"What came of it: promoted version {CHALLENGER}.",
        "Why: sure",
        "",
        DECISION["summary"],
        "",
        "Challengers, on 500 labelled predictions:",
        f"  - last ({CHALLENGER}): ahead beyond chance",
        "",
        "What it cost: 0.12 dollars of jobs",
        "",
        "What happens next: The endpoint serves it within a minute. It is watched: if 20261101-101112-abcd would have "
        "done better on the next rows, it takes its place back.",
        "",
        f"All renewals: evergreen renewals -e {environment}. To stop them: evergreen pause -e {environment}",
    ]


def test_a_champion_that_is_kept_goes_on_serving_and_earlier_ones_are_named_once(states):
    message = told(states, KEPT, {"promote": False, "reason": "r", "summary": "s"})["Message"]
    assert f"  - all ({PLAN['candidates'][0]['version']}): behind" in message
    assert "  - 20261001-101112-abcd: even further behind" in message
    assert "Version 20261101-101112-abcd goes on serving." in message


def test_a_renewal_without_labels_names_no_challengers(states):
    sent = told(states, REFUSED, {"promote": False, "told": REFUSED["told"]})
    assert sent["Subject"].endswith(" not renewed")
    assert "Why: 12 predictions with a label" in sent["Message"]
    assert "Challengers" not in sent["Message"]


def test_a_subject_fits_sns_whatever_the_models_name(states, template_with_renewal):
    for subject in (told(states, RUN, DECISION)["Subject"], failed(states, CAUGHT)[0]["Subject"]):
        # model.toml takes names of 40 characters.
        assert len(subject) + 40 - len(template_with_renewal.model) <= 100
        assert subject.isascii()


CAUGHT = {"state": "Plan", "error": "E", "cause": json.dumps({"errorMessage": "no such key"})}


def test_a_failure_is_told_in_its_own_words_and_written_into_the_ledger(states, template_with_renewal):
    sent, ledger = failed(states, CAUGHT)
    assert sent["Subject"] == f"Evergreen {template_with_renewal.environment.name}: renewal failed at Plan"
    assert "Cause: no such key" in sent["Message"]
    assert "The champion is unchanged." in sent["Message"]
    assert ledger["failure"] == "Plan: no such key"


def test_the_words_of_a_challengers_job_are_those_of_the_renewal(states):
    trainings = states["TrainChallengers"]["ItemProcessor"]["States"]
    candidate, variables = PLAN["candidates"][0], planned(states)
    (caught,) = [each for each in trainings["TrainChallenger"]["Catch"] if "States.ALL" in each["ErrorEquals"]]
    cause = json.dumps({"TrainingJobName": "x", "FailureReason": "AlgorithmError: See job logs for more information"})
    error = {"Error": "States.TaskFailed", "Cause": cause}
    variables |= evaluate(caught["Assign"], variables, errorOutput=error)
    assert evaluate(caught["Output"], variables, input=candidate) == candidate
    variables |= evaluate(trainings["ReadChallengersFailure"]["Assign"], variables, result={"Body": "no rows are left"})
    words = evaluate(trainings["ExplainChallengersFailure"]["Output"], variables, input=candidate)
    fail = evaluate(trainings["ChallengerFailed"], variables, input=words)
    assert (fail["Error"], fail["Cause"]) == ("States.TaskFailed", "no rows are left")

    (catch,) = states["TrainChallengers"]["Catch"]
    caught = evaluate(catch["Assign"], variables, errorOutput={"Error": fail["Error"], "Cause": fail["Cause"]})
    sent, ledger = failed(states, caught["failure"])

    assert "Cause: no rows are left" in sent["Message"]
    assert ledger["failure"] == "TrainChallengers: no rows are left"


def test_a_stopped_training_of_a_challenger_is_a_failure(states):
    trainings = states["TrainChallengers"]["ItemProcessor"]["States"]
    job = {"TrainingJobName": "x", "TrainingJobStatus": "Stopped", "StoppingCondition": {"MaxRuntimeInSeconds": 60}}
    given = {**PLAN["candidates"][0], "job": job}
    assert chosen(trainings["IsChallengerTrained"], {}, input=given) == "ExplainChallengersFailure"
    assigned = evaluate(trainings["IsChallengerTrained"]["Assign"], {}, input=given)
    words = evaluate(trainings["ExplainChallengersFailure"]["Output"], assigned, input=given)
    assert words.startswith("the job was stopped: by its limit of 60 seconds")


def test_a_failure_of_promote_names_the_challenger_and_not_the_renewal(states):
    sent, _ = failed(states, {**CAUGHT, "state": "Promote"}, decision=DECISION)
    assert f"evergreen rollback {CHALLENGER} completes it" in sent["Message"]


def test_a_ledger_that_cannot_be_written_leaves_the_new_champion_in_place(states):
    variables = planned(states) | {"failure": {**CAUGHT, "state": "End"}, "decision": DECISION}
    variables |= evaluate(states["ExplainEnd"]["Assign"], variables)
    sent = evaluate(states["NotifyFailure"]["Arguments"], variables, context=context())
    assert f"Version {CHALLENGER} has become champion." in sent["Message"]


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({}, "KeepChampion"),
        ({"decision": DECISION}, "Promoted"),
        ({"decision": {"promote": False, "told": "paused"}}, "NotNow"),
        # Judged worth it, and yet not promoted.
        ({"decision": DECISION, "failure": {**CAUGHT, "state": "Promote"}}, "Failed"),
    ],
)
def test_an_execution_ends_as_what_it_came_to(states, changes, end):
    assert chosen(states["HowItEnded"], {**planned(states), **changes}) == end


def test_what_may_not_begin_says_why(states):
    variables = begun(states)
    assert chosen(states["IsFree"], {**variables, "lease": {"taken": "t"}}) == "Release"
    assert chosen(states["IsFree"], variables) == "Begin"
    # That of new data, which waits, comes before.
    taken = states["IsFree"]["Choices"][-1]
    decision = evaluate(taken["Assign"], {"lease": {"taken": "another runs"}})["decision"]
    assert decision == {"promote": False, "told": "another runs"}
    refused = {"begun": {"go": False, "told": "renewal is paused"}}
    assert chosen(states["MayBegin"], refused) == "Release"
    assert evaluate(states["MayBegin"]["Assign"], refused)["decision"]["told"] == "renewal is paused"
