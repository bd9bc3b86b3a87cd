"""With on_new_data, the renewal workflow trains on a version of the data: once, within its limits, with its reason."""

import fnmatch

import pytest

from evergreen import names
from evergreen.versions.data_version import manifest_key, news_key
from infra.training.addresses import training_jobs
from local.services.api_model import validate
from tests.infrastructure.renewal.test_workflow import BEGUN, CHAMPION, CONTRACT, RUN, VERSION
from tests.infrastructure.training.evaluation import context, evaluate
from tests.infrastructure.training.test_rendering import chosen, inputs

DATA = 32 * "e"
TIME = "2026-11-23T20:46:48Z"
FOLDER = f"{32 * 'f'}.dir"
PREPARED = f"s3://data-bucket/prepared/prices/{VERSION}"
TRAINED = {"window": "table", "version": VERSION, "bundle": "s3://models-bucket/x/output/model.tar.gz", "seconds": 9}


@pytest.fixture
def states(template_with_renewal):
    return template_with_renewal.state_machine("Renewal/StateMachine")["States"]


def named(states, version=DATA):
    variables = evaluate(states["NameRenewal"]["Assign"], {}, input={"note": news_key(version), "time": TIME})
    return variables | {"version": VERSION}


def begun(states, **answer):
    """The variables once the function has answered."""
    variables = named(states)
    variables |= evaluate(states["IsFree"]["Assign"], variables | {"lease": {"previous_contract": CONTRACT}})
    answer = {**BEGUN, "data": f"s3://data-bucket/{manifest_key(DATA)}", **answer}
    return variables | {"begun": answer}


def prepared(states):
    variables = begun(states)
    variables |= evaluate(states["MayBegin"]["Choices"][0]["Assign"], variables)
    (completed,) = states["IsTablePrepared"]["Choices"]
    job = {"ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": PREPARED}}]}}
    return variables | evaluate(completed["Assign"], variables, input=job)


@pytest.mark.parametrize("version", [DATA, FOLDER])
def test_the_reason_names_the_version_that_has_come(states, version):
    variables = named(states, version)

    assert (variables["new_data"], variables["reason"]) == (version, f"new data: {version}")
    payload = evaluate(states["Begin"]["Arguments"]["Payload"], variables, context=context())
    assert (payload["new_data"], payload["by_hand"]) == (version, False)
    assert payload["brought"] == TIME


def test_another_trigger_has_its_own_reason_and_way(states):
    variables = evaluate(states["NameRenewal"]["Assign"], {}, input={"reason": "drift"})

    assert (variables["new_data"], variables["reason"]) == ("", "drift")
    for answer, next_ in (({"go": True}, "Prepare"), ({"go": False, "told": "t"}, "Release")):
        assert chosen(states["MayBegin"], {**variables, "begun": answer}) == next_
    assert chosen(states["IsFree"], {**variables, "lease": {"taken": "t"}}) == "Release"
    assert chosen(states["IsTable"], variables) == "Judge"


def test_it_asks_for_the_lease_again_with_all_that_it_knows(states):
    # What NameRenewal reads is still the input after those between.
    for name in ("Acquire", "IsFree", "WaitForLease"):
        assert states[name].get("Output", "{% $states.input %}") == "{% $states.input %}"


def test_new_data_waits_for_whoever_holds_the_lease(states):
    assert chosen(states["IsFree"], {**named(states), "lease": {"taken": "t"}}) == "WaitForLease"
    assert states["WaitForLease"] == {"Type": "Wait", "Seconds": 60, "Next": "NameRenewal"}
    assert chosen(states["IsFree"], {**named(states), "lease": {"previous_contract": ""}}) == "Begin"


def test_people_are_told_of_what_may_not_begin_but_not_twice_of_what_has_begun(states):
    assert chosen(states["MayBegin"], begun(states)) == "PrepareTable"
    for known, next_ in ((False, "NotifyUntrained"), (True, "Release")):
        assert chosen(states["MayBegin"], begun(states, go=False, known=known, told="t")) == next_


def test_the_message_says_why_nothing_was_trained_and_what_to_run(states, template_with_renewal):
    environment = template_with_renewal.environment.name
    variables = begun(states) | {"decision": {"promote": False, "told": "renewal is paused: by Ann"}}

    sent = evaluate(states["NotifyUntrained"]["Arguments"], variables)

    assert sent["Subject"] == f"Evergreen {environment}: {template_with_renewal.model} not trained on new data"
    assert "Why: renewal is paused: by Ann\n" in sent["Message"]
    assert f"evergreen train -e {environment} --data {DATA}" in sent["Message"]


def test_the_first_job_is_that_of_a_training_on_the_version(states):
    variables = begun(states)
    variables |= evaluate(states["MayBegin"]["Choices"][0]["Assign"], variables)
    request = evaluate(states["PrepareTable"]["Arguments"], variables, input={}, context=context())

    validate("sagemaker", "CreateProcessingJob", request)
    found = inputs(request)
    assert found.pop(names.CHANNEL_SOURCE)[0].endswith(".gz")
    assert found == {
        names.CHANNEL_DATA: (f"s3://data-bucket/{manifest_key(DATA)}", "ManifestFile"),
        names.CHANNEL_SETTINGS: (BEGUN["settings"], "S3Prefix"),
        names.CHANNEL_PREVIOUS: (CONTRACT, "S3Prefix"),
    }
    assert request["RoleArn"].endswith("role/renewal-preparerole")
    assert "training.prepare" in request["AppSpecification"]["ContainerEntrypoint"][-1]


def test_the_whole_table_is_trained_on_as_one_window(states, template_with_renewal):
    variables = prepared(states)
    assert states["IsTablePrepared"]["Choices"][0]["Next"] == "TrainChallengers"
    (candidate,) = evaluate(states["TrainChallengers"]["Items"], variables)
    train = states["TrainChallengers"]["ItemProcessor"]["States"]["TrainChallenger"]
    request = evaluate(train["Arguments"], variables, input=candidate, context=context())

    validate("sagemaker", "CreateTrainingJob", request)
    assert request["HyperParameters"]["version"] == f'"{VERSION}"'
    assert request["HyperParameters"]["data"] == f'"s3://data-bucket/{manifest_key(DATA)}"'
    assert request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == PREPARED
    name = request["TrainingJobName"]
    assert fnmatch.fnmatchcase(name, training_jobs(template_with_renewal.environment.name))


def test_it_is_judged_as_a_training_is_and_the_reason_goes_with_it(states):
    variables = prepared(states)
    assert chosen(states["IsTable"], variables) == "JudgeTable"

    payload = evaluate(states["JudgeTable"]["Arguments"]["Payload"], variables, input=[TRAINED])

    assert payload == {"version": VERSION, "bundle": TRAINED["bundle"], "trigger": f"new data: {DATA}"}


def test_the_ledger_and_people_hear_of_its_end_with_the_reason(states):
    decision = {**CHAMPION, "version": VERSION, "promote": True, "reason": "sure", "summary": "s"}
    variables = {**prepared(states), "decision": decision, "run": {**RUN, "promoted": VERSION, "challengers": []}}

    ended = evaluate(states["End"]["Arguments"]["Payload"], variables, context=context())
    assert ended["decision"] == decision
    sent = evaluate(states["NotifyDecision"]["Arguments"], variables)
    assert f"began because of this: new data: {DATA}." in sent["Message"]
    assert f"promoted version {VERSION}" in sent["Message"]
    assert "Challengers" not in sent["Message"]
