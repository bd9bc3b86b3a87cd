"""What the state machine sends, evaluated: job requests that SageMaker accepts, and what its functions are given."""

import fnmatch
import json

import pytest

from evergreen import names
from infra.training.addresses import job_prefix, training_jobs
from local.services.api_model import InvalidRequest, validate
from tests.infrastructure.training.evaluation import context, evaluate

VERSION = "20261123-204648-97ae"
INPUT = {
    "data": "s3://data-bucket/data/" + 32 * "0" + ".manifest",
    "settings": "s3://data-bucket/settings/" + 64 * "0" + "/model.toml",
    "git_commit": "12e45678" * 5,
}
VARIABLES = {**INPUT, "version": VERSION, "previous_contract": ""}
CONTRACT = "s3://models-bucket/models/prices/job/output/model/contract.json"


@pytest.fixture
def states(template):
    return template.state_machine()["States"]


def prepare_request(states, *, retries=0, previous_contract=""):
    variables = {**VARIABLES, "previous_contract": previous_contract}
    return evaluate(states["Prepare"]["Arguments"], variables, input=INPUT, context=context(retries))


def train_request(states, *, retries=0):
    ended = {**prepare_request(states), "ProcessingJobStatus": "Completed"}
    (completed,) = states["IsPrepared"]["Choices"]
    prepared = evaluate(completed["Output"], VARIABLES, input=ended)
    return evaluate(states["Train"]["Arguments"], VARIABLES, input=prepared, context=context(retries))


def test_versions_sort_by_time_and_carry_the_input_along(states):
    assigned = evaluate(states["NameVersion"]["Assign"], {}, input=INPUT)
    assert {name: assigned[name] for name in INPUT} == INPUT
    day, time, tail = assigned["version"].split("-")
    assert (len(day), len(time), len(tail)) == (8, 6, 4)
    assert (day + time).isdigit()


def test_an_execution_asks_for_the_lease_in_its_own_name_and_gives_it_back_in_the_same(states):
    asked = evaluate(states["Acquire"]["Arguments"]["Payload"], VARIABLES, context=context())
    execution = context()["Execution"]
    assert asked == {
        "action": "acquire",
        "execution": execution["Id"],
        "version": VERSION,
        "started": execution["StartTime"],
    }
    given_back = evaluate(states["Release"]["Arguments"]["Payload"], VARIABLES, context=context())
    assert given_back == {"action": "release", "execution": execution["Id"]}


@pytest.mark.parametrize("previous_contract", ["", CONTRACT])
def test_sagemaker_accepts_the_processing_job(states, previous_contract):
    validate("sagemaker", "CreateProcessingJob", prepare_request(states, previous_contract=previous_contract))


def inputs(request):
    """Where each channel of the processing job comes from, and as what."""
    return {
        given["InputName"]: (given["S3Input"]["S3Uri"], given["S3Input"]["S3DataType"])
        for given in request["ProcessingInputs"]
    }


def test_preparing_reads_the_data_versions_manifest_and_the_settings(states):
    found = inputs(prepare_request(states))
    assert set(found) == {names.CHANNEL_DATA, names.CHANNEL_SETTINGS, names.CHANNEL_SOURCE}
    assert found[names.CHANNEL_DATA] == (INPUT["data"], "ManifestFile")
    assert found[names.CHANNEL_SETTINGS] == (INPUT["settings"], "S3Prefix")
    assert found[names.CHANNEL_SOURCE][0].endswith(".gz")


def test_once_there_is_a_champion_preparing_reads_its_contract_too(states):
    acquired = evaluate(states["Acquire"]["Assign"], {}, result={"Payload": {"previous_contract": CONTRACT}})
    found = inputs(prepare_request(states, **acquired))
    assert found[names.CHANNEL_PREVIOUS] == (CONTRACT, "S3Prefix")
    assert len(found) == 4
    paths = {given["S3Input"]["LocalPath"] for given in prepare_request(states, **acquired)["ProcessingInputs"]}
    assert paths == {f"/opt/ml/processing/input/{channel}" for channel in found}


def test_sagemaker_accepts_the_training_job(states):
    validate("sagemaker", "CreateTrainingJob", train_request(states))


def test_the_check_itself_refuses_what_sagemaker_refuses(states):
    request = train_request(states)
    for wrong in (
        {"TrainingJobName": "a" * 64},
        {"TrainingJobName": "under_score"},
        {"RoleArn": "role/train"},
        {"ResourceConfig": {**request["ResourceConfig"], "InstanceType": "ml.m5.biggest"}},
    ):
        with pytest.raises(InvalidRequest):
            validate("sagemaker", "CreateTrainingJob", {**request, **wrong})


@pytest.mark.parametrize("retries", [0, 12])
def test_job_names_fit_belong_to_the_environment_and_differ_per_attempt(states, template, retries):
    job_names = [
        prepare_request(states, retries=retries)["ProcessingJobName"],
        train_request(states, retries=retries)["TrainingJobName"],
    ]
    for name in job_names:
        assert len(name) <= 63
        # What the state machine's policy is limited to.
        assert name.startswith(job_prefix(template.environment.name))
        assert name.endswith(f"-0{retries}")
        assert VERSION in name
    assert len(set(job_names)) == 2


def test_an_execution_that_is_redriven_uses_no_job_name_twice(states):
    first, again = (
        evaluate(states["Train"]["Arguments"]["TrainingJobName"], VARIABLES, context=context(redrives=redrives))
        for redrives in (None, 1)
    )
    assert first.endswith("-00")
    assert again.endswith("-10")


def test_no_package_in_a_job_or_a_function_tells_its_makers_that_it_is_used(states, template):
    environments = [prepare_request(states)["Environment"], train_request(states)["Environment"]]
    environments += [
        found["Environment"]["Variables"] for found in template.properties("AWS::Lambda::Function").values()
    ]
    assert len(environments) > 6
    for variables in environments:
        assert variables["MLFLOW_DISABLE_TELEMETRY"] == variables["DO_NOT_TRACK"] == "true"


def test_a_job_waits_for_mlflow_as_long_as_mlflow_itself_would(states):
    assert not [name for name in train_request(states)["Environment"] if name.startswith("MLFLOW_HTTP")]


def test_jobs_are_tagged_with_their_environment_and_model(states, template):
    tags = {"evergreen:environment": template.environment.name, "evergreen:model": template.model}
    for request in (prepare_request(states), train_request(states)):
        assert {tag["Key"]: tag["Value"] for tag in request["Tags"]} == tags


@pytest.mark.parametrize(
    ("state", "choice", "status"),
    [("Prepare", "IsPrepared", "ProcessingJobStatus"), ("Train", "IsTrained", "TrainingJobStatus")],
)
def test_a_stopped_job_is_a_failure_also_if_its_state_takes_it_for_a_result(states, state, choice, status):
    job = {"TrainingJobName": "x", status: "Stopped", "StoppingCondition": {"MaxRuntimeInSeconds": 60}}
    (completed,) = states[choice]["Choices"]
    assert evaluate(completed["Condition"], {}, input={status: "Completed"})
    assert not evaluate(completed["Condition"], {}, input=job)

    assigned = evaluate(states[choice]["Assign"], VARIABLES, input=job)

    assert states[choice]["Default"] == "ExplainFailure"
    assert assigned["failure"]["state"] == state
    explained = evaluate(states["ExplainFailure"]["Assign"], {**VARIABLES, **assigned})
    assert "the job was stopped" in explained["failure"]["words"]


def test_training_reads_the_folder_that_prepare_wrote(states, template):
    written = prepare_request(states)["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert written == f"s3://data-bucket/{names.PREPARED_PREFIX}{template.model}/{VERSION}"
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in train_request(states)["InputDataConfig"]
    }
    assert channels == {names.CHANNEL_PREPARED: written, names.CHANNEL_SETTINGS: INPUT["settings"]}


def test_hyperparameters_are_json_as_the_containers_toolkit_reads_them(states):
    read = {name: json.loads(value) for name, value in train_request(states)["HyperParameters"].items()}
    # Unquoted, a commit of digits with one e in it would be read as a number.
    assert read["git_commit"] == INPUT["git_commit"]
    assert read["version"] == VERSION
    assert read["sagemaker_submit_directory"].startswith("s3://")


def test_the_training_jobs_region_and_image_are_the_stacks(states, template):
    request = train_request(states)
    region = template.environment.region
    assert request["Environment"]["AWS_DEFAULT_REGION"] == region
    assert f".ecr.{region}.amazonaws.com/" in request["AlgorithmSpecification"]["TrainingImage"]
    assert prepare_request(states)["AppSpecification"]["ImageUri"] == request["AlgorithmSpecification"]["TrainingImage"]
    assert request["Environment"]["TRAINING_IMAGE"] == request["AlgorithmSpecification"]["TrainingImage"]


def test_what_judge_writes_to_are_the_folders_of_training_jobs(states, template):
    # What the state names the jobs, and what Judge's role names them.
    for retries in (0, states["Train"]["Retry"][0]["MaxAttempts"]):
        name = train_request(states, retries=retries)["TrainingJobName"]
        assert fnmatch.fnmatchcase(name, training_jobs(template.environment.name))
    assert "*" not in training_jobs(template.environment.name)


def test_judge_gets_the_archive_that_training_uploaded_and_promote_gets_the_decision(states):
    artifacts = "s3://models-bucket/models/prices/job/output/model.tar.gz"
    finished = evaluate(
        states["Train"]["Output"], VARIABLES, result={"ModelArtifacts": {"S3ModelArtifacts": artifacts}}
    )
    judge = evaluate(states["Judge"]["Arguments"]["Payload"], VARIABLES, input=finished)
    assert judge == {"version": VERSION, "bundle": artifacts}
    decision = {"promote": True, "version": VERSION, "reason": "first"}
    assigned = evaluate(states["Judge"]["Assign"], VARIABLES, result={"Payload": decision})
    assert evaluate(states["Promote"]["Arguments"]["Payload"], {**VARIABLES, **assigned}) == decision
    promoted = {"mlflow_model_version": "3"}
    assigned = evaluate(states["Promote"]["Assign"], {**VARIABLES, **assigned}, result={"Payload": promoted})
    # The execution's output is the decision, whether or not the lease could be given back.
    for output in (states["Release"]["Output"], states["Release"]["Catch"][0]["Output"]):
        assert evaluate(output, assigned) == {**decision, **promoted}


def chosen(state, variables, **states):
    """The state that a Choice goes on with."""
    for choice in state["Choices"]:
        if evaluate(choice["Condition"], variables, **states):
            return choice["Next"]
    return state["Default"]


@pytest.mark.parametrize(("promote", "next_"), [(True, "Promote"), (False, "NotifyDecision")])
def test_only_a_better_candidate_is_promoted(states, promote, next_):
    assert chosen(states["IsBetter"], {"decision": {"promote": promote}}) == next_


@pytest.mark.parametrize(
    ("failed", "decision", "end"),
    [
        ("", {"promote": True}, "Promoted"),
        ("", {"promote": False}, "KeepChampion"),
        ("Prepare", None, "Failed"),
        # Judged worth it, and yet not promoted.
        ("Promote", {"promote": True}, "Failed"),
    ],
)
def test_an_execution_ends_as_what_it_came_to(states, failed, decision, end):
    variables = evaluate(states["NameVersion"]["Assign"], {}, input=INPUT)
    if decision:
        variables |= evaluate(states["Judge"]["Assign"], variables, result={"Payload": decision})
    if failed:
        (catch,) = states[failed]["Catch"]
        variables |= evaluate(catch["Assign"], variables, errorOutput={"Error": "E", "Cause": "c"})
    assert chosen(states["HowItEnded"], variables) == end


def test_no_expression_of_the_machine_returns_nothing(states):
    # All of each state, those that only a failure leads to included: what is added later is evaluated as well.
    job = {**train_request(states), **prepare_request(states), "ModelArtifacts": {"S3ModelArtifacts": "s3://a/b"}}
    payload = {"promote": True, "version": VERSION, "reason": "r", "gates": [], "previous_contract": CONTRACT}
    failure = {"state": "Train", "error": "E", "cause": "c", "words": "w"}
    for state in states.values():
        evaluate(
            state,
            {**VARIABLES, "decision": payload, "failure": failure},
            input={**INPUT, **job},
            result={"Payload": payload, "Body": "words"},
            errorOutput={"Error": "E", "Cause": "c"},
            context=context(redrives=0),
        )
    with pytest.raises(AssertionError, match="undefined"):
        evaluate({"Arguments": [{"Key": "{% $states.input.none %}"}]}, {}, input=INPUT)
