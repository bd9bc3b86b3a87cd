"""The renewal workflow is valid, asks for jobs that SageMaker accepts, and says nothing that is undefined."""

import fnmatch
import json
import re

import pytest

from evergreen import names
from evergreen.settings.sections import RenewalSettings
from infra.training.addresses import job_prefix, training_jobs
from local.services.api_model import validate
from tests.infrastructure.conftest import CHECKOUT
from tests.infrastructure.training.evaluation import context, evaluate
from tests.infrastructure.training.test_rendering import chosen, inputs
from tests.infrastructure.training.test_workflow import ways

VERSION = "20261123-204648-97ae"
CONTRACT = "s3://models-bucket/models/prices/job/output/model/contract.json"
CHAMPION = {"version": "20261101-101112-abcd", "bundle": "models/prices/job/output/model/", "digest": "d"}
# What the function answers, action by action.
BEGUN = {
    "go": True,
    "forgets": 0,
    "data": "s3://data-bucket/data/" + 32 * "0" + ".manifest",
    "settings": "s3://data-bucket/settings/" + 64 * "0" + "/model.toml",
    "git_commit": "12e45678" * 5,
    "captures": {
        kind: f"s3://data-bucket/captures/prices/{VERSION}/{kind}.manifest" for kind in ("predictions", "feedback")
    },
    "champion": CHAMPION,
    "earlier": [],
    "standing": {"champion": "all", "rows": 900},
}
PREPARED = f"s3://data-bucket/prepared/prices/{VERSION}"
PLAN = {
    "rows": 500,
    "until": "x",
    "data": 32 * "1",
    "refused": "",
    "manifest": "s3://data-bucket/data/" + 32 * "1" + ".manifest",
    "candidates": [
        {"window": window, "version": f"20261123-211530-{place}abc", "prepared": f"{PREPARED}/{window}"}
        for place, window in enumerate(RenewalSettings().windows)
    ],
}
DECISION = {**CHAMPION, "version": PLAN["candidates"][1]["version"], "promote": True, "reason": "sure", "summary": "s"}
RUN = {
    "outcome": "promoted",
    "told": "sure",
    "promoted": DECISION["version"],
    "rows": 500,
    "dollars": 0.12,
    "challengers": [{"name": "last", "version": DECISION["version"], "reason": "ahead beyond chance"}],
}


@pytest.fixture
def machine(template_with_renewal):
    return template_with_renewal.state_machine("Renewal/StateMachine")


@pytest.fixture
def states(machine):
    return machine["States"]


@pytest.fixture
def trainings(states):
    """The states within the Map."""
    return states["TrainChallengers"]["ItemProcessor"]["States"]


def begun(states):
    """The variables once a renewal may begin, as the states before have assigned them."""
    variables = evaluate(states["NameRenewal"]["Assign"], {}, input={"reason": "500 labels"}) | {"version": VERSION}
    lease = {"until": "2026-11-24T00:00:00+00:00", "previous_contract": CONTRACT}
    variables |= evaluate(states["Acquire"]["Assign"], variables, result={"Payload": lease})
    variables |= evaluate(states["IsFree"]["Assign"], variables)
    variables |= evaluate(states["Begin"]["Assign"], variables, result={"Payload": BEGUN})
    # Those of new data come before.
    may = states["MayBegin"]["Choices"][-1]
    return variables | evaluate(may["Assign"], variables)


def planned(states):
    variables = begun(states)
    return variables | evaluate(states["Plan"]["Assign"], variables, result={"Payload": PLAN})


def prepare_request(states):
    return evaluate(states["Prepare"]["Arguments"], begun(states), input={}, context=context())


def train_requests(states, trainings, retries=0):
    """One for each of the candidates."""
    variables = planned(states)
    return [
        evaluate(trainings["TrainChallenger"]["Arguments"], variables, input=candidate, context=context(retries))
        for candidate in evaluate(states["TrainChallengers"]["Items"], variables)
    ]


def test_the_definition_is_valid_within_the_map_too(faults_of, machine):
    assert faults_of(machine) == ""
    machine["States"]["TrainChallengers"]["ItemProcessor"]["States"]["WaitForInstance"]["Next"] = "Nowhere"
    assert faults_of(machine)


def test_a_renewal_may_last_as_long_as_all_its_jobs_one_after_the_other(machine, template_with_renewal):
    prepare = machine["States"]["Prepare"]["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    train = machine["States"]["TrainChallengers"]["ItemProcessor"]["States"]["TrainChallenger"]
    limit = train["Arguments"]["StoppingCondition"]["MaxRuntimeInSeconds"]
    judge = template_with_renewal.properties("AWS::Lambda::Function")["Training/Judge/Function"]["Timeout"]
    assert machine["TimeoutSeconds"] > prepare + len(RenewalSettings().windows) * limit + judge


def test_every_way_gives_the_lease_back_and_only_what_did_not_begin_says_nothing(states):
    found = list(ways(states, "NameRenewal"))
    ends = {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}
    assert {way[-1] for way in found} == ends == {"Promoted", "KeepChampion", "NotNow", "Failed"}
    for way in found:
        assert way.count("Release") == 1, way
        told = {"NotifyFailure", "NotifyDecision", "NotifyUntrained"}.intersection(way)
        assert told or way[way.index("Release") - 1] in ("IsFree", "MayBegin"), way
        # What went wrong while it ran is in the ledger too, or could not be written there.
        assert "NotifyFailure" not in way or "EndFailed" in way or "ExplainEnd" in way, way


def test_every_task_is_caught_and_retried(states, trainings):
    for name, state in {**states, **trainings}.items():
        if state["Type"] == "Task":
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
            assert all(retry["MaxAttempts"] >= 3 for retry in state["Retry"]), name
    assert states["TrainChallengers"]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_sagemaker_accepts_the_first_job(states):
    validate("sagemaker", "CreateProcessingJob", prepare_request(states))


def test_the_first_job_reads_captures_by_lists_and_writes_a_version_of_the_data(states, template_with_renewal):
    request = prepare_request(states)
    found = inputs(request)
    assert found.pop(names.CHANNEL_SOURCE)[0].endswith(".gz")
    assert found == {
        names.CHANNEL_DATA: (BEGUN["data"], "ManifestFile"),
        names.CHANNEL_PREDICTIONS: (BEGUN["captures"]["predictions"], "ManifestFile"),
        names.CHANNEL_FEEDBACK: (BEGUN["captures"]["feedback"], "ManifestFile"),
        names.CHANNEL_SETTINGS: (BEGUN["settings"], "S3Prefix"),
        names.CHANNEL_PREVIOUS: (CONTRACT, "S3Prefix"),
    }
    outputs = {each["OutputName"]: each["S3Output"]["S3Uri"] for each in request["ProcessingOutputConfig"]["Outputs"]}
    assert outputs == {
        names.CHANNEL_PREPARED: f"s3://data-bucket/prepared/{template_with_renewal.model}/{VERSION}",
        names.CHANNEL_OBJECTS: "s3://data-bucket/dvc/files/md5",
        names.CHANNEL_MANIFESTS: "s3://data-bucket/data",
    }
    # The next state goes on with the first of them.
    (completed,) = states["IsPrepared"]["Choices"]
    assert evaluate(completed["Output"], {}, input=request) == outputs[names.CHANNEL_PREPARED]
    assert request["Environment"][names.DATA_MANIFEST] == BEGUN["data"]
    settings = json.loads(request["Environment"][names.RENEWAL])
    assert RenewalSettings(**settings) == RenewalSettings()
    # All that the job's code asks for.
    code = "".join(path.read_text() for path in (CHECKOUT / "training").rglob("*.py"))
    assert set(settings) == set(re.findall(r"settings\.renewal\.(\w+)", code))


def test_sagemaker_accepts_the_training_of_every_challenger(states, trainings):
    requests = train_requests(states, trainings)
    assert len(requests) == len(PLAN["candidates"])
    for request in requests:
        validate("sagemaker", "CreateTrainingJob", request)


def test_a_challenger_is_fitted_to_its_own_window_with_the_champions_settings(states, trainings):
    for candidate, request in zip(PLAN["candidates"], train_requests(states, trainings), strict=True):
        channels = {
            channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
            for channel in request["InputDataConfig"]
        }
        window = f"{PREPARED}/{candidate['window']}"
        assert channels == {names.CHANNEL_PREPARED: window, names.CHANNEL_SETTINGS: BEGUN["settings"]}
        read = {name: json.loads(value) for name, value in request["HyperParameters"].items()}
        told = {name: read[name] for name in ("version", "data", "git_commit")}
        assert told == {
            "version": candidate["version"],
            "data": PLAN["manifest"],
            "git_commit": BEGUN["git_commit"],
        }
        assert candidate["version"] in request["Environment"][names.FAILURE_URI]


def test_job_names_differ_and_are_those_that_policies_allow_whatever_is_retried(
    states, trainings, template_with_renewal
):
    environment = template_with_renewal.environment.name
    most = sum(retry["MaxAttempts"] for retry in trainings["TrainChallenger"]["Retry"])
    found = [
        request["TrainingJobName"]
        for retries in range(most + 1)
        for request in train_requests(states, trainings, retries)
    ]
    assert len(set(found)) == len(PLAN["candidates"]) * (most + 1)
    for name in found:
        # Training writes its bundle, and Judge its verdict, below these names only.
        assert fnmatch.fnmatchcase(name, training_jobs(environment)), name
        assert len(name) <= 63
    assert prepare_request(states)["ProcessingJobName"] == f"{job_prefix(environment)}{VERSION}-prepare-00"


def test_with_one_instance_at_a_time_trainings_wait_for_each_other(trainings):
    # By a wait and no retry, which would count up in the job's name beyond what policies allow.
    state = trainings["TrainChallenger"]
    quota = "SageMaker.ResourceLimitExceededException"
    assert not [retry for retry in state["Retry"] if quota in retry["ErrorEquals"]]
    catch = next(each for each in state["Catch"] if quota in each["ErrorEquals"])
    candidate = PLAN["candidates"][0]
    assert evaluate(catch["Output"], {}, input=candidate) == candidate
    assert trainings[catch["Next"]] == {"Type": "Wait", "Seconds": 60, "Next": "TrainChallenger"}


def test_judge_gets_every_challenger_and_the_jobs_seconds_are_added_up(states, trainings):
    variables, found = planned(states), []
    times = {"ProcessingStartTime": 1_000_000, "ProcessingEndTime": 1_060_000}
    variables |= evaluate(states["Prepare"]["Assign"], variables, result=times)
    assert variables["seconds"] == 60
    for candidate in PLAN["candidates"]:
        job = {
            "TrainingJobStatus": "Completed",
            "ModelArtifacts": {"S3ModelArtifacts": f"s3://models-bucket/{candidate['version']}/output/model.tar.gz"},
            "TrainingStartTime": 1_000_000,
            "TrainingEndTime": 1_100_000,
        }
        after = evaluate(trainings["TrainChallenger"]["Output"], variables, input=candidate, result=job)
        assert chosen(trainings["IsChallengerTrained"], variables, input=after) == "Challenger"
        found.append(evaluate(trainings["Challenger"]["Output"], variables, input=after))
    for trained in (found, found[:1]):
        output = evaluate(states["TrainChallengers"]["Output"], variables, result=trained)
        payload = evaluate(states["Judge"]["Arguments"]["Payload"], variables, input=output)
        assert [each["version"] for each in payload["candidates"]] == [each["version"] for each in trained]
        assert payload["champion"] == CHAMPION
        seconds = evaluate(states["TrainChallengers"]["Assign"], variables, result=trained)["seconds"]
        assert seconds == 60 + 100 * len(trained)


def test_a_job_that_was_stopped_before_it_began_counts_no_seconds(states):
    assert evaluate(states["Prepare"]["Assign"], {"seconds": 0}, result={"ProcessingJobStatus": "Stopped"}) == {
        "seconds": 0
    }


def test_no_expression_of_the_workflow_returns_nothing(states, trainings):
    # All of each state, those that only a failure leads to included.
    failure = {"state": "Judge", "error": "E", "cause": "c", "words": "w"}
    told = {"promote": True, "told": "t"}
    variables = {**planned(states), "failure": failure, "trouble": failure, "decision": {**DECISION, **told}}
    variables |= {"run": RUN, "lease": {"taken": "t", "previous_contract": CONTRACT}, "begun": {**BEGUN, "told": "t"}}
    variables |= {"new_data": "n", "brought": "b", "data": BEGUN["data"]}
    job = {
        **prepare_request(states),
        **train_requests(states, trainings)[0],
        "ModelArtifacts": {"S3ModelArtifacts": "s"},
    }
    times = {f"{kind}{end}Time": 1000 for kind in ("Processing", "Training") for end in ("Start", "End")}
    results = {
        "input": {**job, **PLAN["candidates"][0], "reason": "r", "bundle": "s", "job": {**job, **times}},
        "result": {**times, "Payload": BEGUN, "Body": "words", "seconds": 1},
        "errorOutput": {"Error": "E", "Cause": "c"},
        "context": context(redrives=0),
    }
    without_the_map = {key: value for key, value in states["TrainChallengers"].items() if key != "ItemProcessor"}
    for state in {**states, "TrainChallengers": without_the_map, **trainings}.values():
        evaluate(state, variables, **results)
