"""What the state machine sends, evaluated: job requests that SageMaker accepts, and messages that a person can read."""

import json
import uuid

import jsonata
import pytest

from evergreen import names
from infra.training_states import job_prefix
from local.api_model import InvalidRequest, validate

VERSION = "20261123-204648-97ae"
INPUT = {
    "data": "s3://data-bucket/data/" + 64 * "0" + "/prices.csv",
    "settings": "s3://data-bucket/settings/" + 64 * "0" + "/model.toml",
    "git_commit": "12e45678" * 5,
}
VARIABLES = {**INPUT, "version": VERSION}


def evaluate(value, variables, **states):
    """`value` with each JSONata expression in it evaluated, as Step Functions does."""
    if isinstance(value, dict):
        return {key: evaluate(item, variables, **states) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluate(item, variables, **states) for item in value]
    if not (isinstance(value, str) and value.startswith("{%")):
        return value
    expression = jsonata.Jsonata.jsonata(value.removeprefix("{%").removesuffix("%}").strip())
    # Two functions that Step Functions adds to JSONata.
    expression.register_lambda("uuid", lambda: str(uuid.uuid4()))
    expression.register_lambda("parse", json.loads)
    result = expression.evaluate(None, {**variables, "states": states})
    assert result is not None, f"{value} is undefined, which Step Functions refuses"
    return result


@pytest.fixture
def states(template):
    return template.state_machine()["States"]


def context(retries=0):
    return {
        "State": {"RetryCount": retries},
        "Execution": {"Id": "arn:aws:states:us-east-1:111122223333:execution:training:one"},
    }


def prepare_request(states, *, retries=0):
    return evaluate(states["Prepare"]["Arguments"], VARIABLES, input=INPUT, context=context(retries))


def train_request(states, *, retries=0):
    prepared = evaluate(states["Prepare"]["Output"], VARIABLES, result=prepare_request(states))
    return evaluate(states["Train"]["Arguments"], VARIABLES, input=prepared, context=context(retries))


def test_versions_sort_by_time_and_carry_the_input_along(states):
    assigned = evaluate(states["NameVersion"]["Assign"], {}, input=INPUT)
    assert {name: assigned[name] for name in INPUT} == INPUT
    day, time, tail = assigned["version"].split("-")
    assert (len(day), len(time), len(tail)) == (8, 6, 4)
    assert (day + time).isdigit()


def test_sagemaker_accepts_the_processing_job(states):
    validate("CreateProcessingJob", prepare_request(states))


def test_sagemaker_accepts_the_training_job(states):
    validate("CreateTrainingJob", train_request(states))


def test_the_check_itself_refuses_what_sagemaker_refuses(states):
    request = train_request(states)
    for wrong in (
        {"TrainingJobName": "a" * 64},
        {"TrainingJobName": "under_score"},
        {"RoleArn": "role/train"},
        {"ResourceConfig": {**request["ResourceConfig"], "InstanceType": "ml.m5.biggest"}},
    ):
        with pytest.raises(InvalidRequest):
            validate("CreateTrainingJob", {**request, **wrong})


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
        assert name.endswith(f"-{retries}")
        assert VERSION in name
    assert len(set(job_names)) == 2


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


def test_judge_gets_the_folder_that_training_wrote_and_promote_gets_the_decision(states):
    artifacts = "s3://models-bucket/models/prices/job/output/model"
    finished = evaluate(
        states["Train"]["Output"], VARIABLES, result={"ModelArtifacts": {"S3ModelArtifacts": artifacts}}
    )
    judge = evaluate(states["Judge"]["Arguments"]["Payload"], VARIABLES, input=finished)
    assert judge == {"version": VERSION, "bundle": artifacts}
    decision = {"promote": True, "version": VERSION, "reason": "first"}
    assert evaluate(states["Judge"]["Output"], VARIABLES, result={"Payload": decision}) == decision
    assert evaluate(states["Promote"]["Arguments"]["Payload"], VARIABLES, input=decision) == decision


@pytest.mark.parametrize(("promote", "next_"), [(True, "Promote"), (False, "KeepChampion")])
def test_only_a_better_candidate_is_promoted(states, promote, next_):
    (choice,) = states["IsBetter"]["Choices"]
    holds = evaluate(choice["Condition"], VARIABLES, input={"promote": promote})
    assert (choice["Next"] if holds else states["IsBetter"]["Default"]) == next_


SAGEMAKER_CAUSE = json.dumps({"TrainingJobName": "x", "FailureReason": "AlgorithmError: no rows are left"})
CAUSES = {
    "a training job": (SAGEMAKER_CAUSE, "AlgorithmError: no rows are left"),
    "a processing job": (json.dumps({"ExitMessage": "no column 'price'"}), "no column 'price'"),
    "a function": (json.dumps({"errorMessage": "the bundle is broken", "errorType": "X"}), "the bundle is broken"),
    "plain text": ("Rate exceeded (Service: AmazonSageMaker)", "Rate exceeded (Service: AmazonSageMaker)"),
    "other JSON": ('{"Status": "Stopped"}', '{"Status": "Stopped"}'),
    "JSON cut short": ('{"FailureReason": "abc', '{"FailureReason": "abc'),
    "nothing": (None, "no cause was given"),
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_notification_names_the_state_and_the_cause_in_words(states, template, name):
    cause, words = CAUSES[name]
    error = {"Error": "States.TaskFailed", **({"Cause": cause} if cause else {})}
    (catch,) = states["Train"]["Catch"]
    caught = evaluate(catch["Assign"], VARIABLES, errorOutput=error)
    sent = evaluate(states["NotifyFailure"]["Arguments"], {**VARIABLES, **caught}, context=context())
    assert sent["Subject"] == f"Evergreen {template.environment.name}: training failed at Train"
    assert f"failed at Train.\n\nCause: {words}\n" in sent["Message"]
    for said in (VERSION, template.model, "The champion is unchanged", context()["Execution"]["Id"]):
        assert said in sent["Message"]
    failed = evaluate({key: states["Failed"][key] for key in ("Error", "Cause")}, {**VARIABLES, **caught})
    assert failed["Error"] == "States.TaskFailed"
    assert failed["Cause"].startswith("Train: ")


def test_each_state_is_named_in_its_own_failures_and_the_subject_fits_sns(states):
    for name, state in states.items():
        if state["Type"] == "Task" and name != "NotifyFailure":
            caught = evaluate(state["Catch"][0]["Assign"], VARIABLES, errorOutput={"Error": "E", "Cause": "c"})
            assert caught["failure"]["state"] == name
            subject = evaluate(states["NotifyFailure"]["Arguments"]["Subject"], {**VARIABLES, **caught})
            # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, at most 100 characters.
            assert len(subject) <= 100
            assert subject.isascii()
