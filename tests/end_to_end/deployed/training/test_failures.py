"""Each state of the training workflow is made to fail: people are told, nothing else changes, and a rerun succeeds.

A state that is made to fail in more ways than one is run again after one of them.
"""

import json

import pytest

from cli.aws.inbox import Inbox
from cli.aws.target import CHECKOUT
from evergreen import names
from evergreen.versions.data_version import object_key, of_path
from tests.end_to_end.workflow import Workflow, settings_with, without_object

TABLE = CHECKOUT / "data" / "texas_2000_2006.csv"
# A port that nothing listens on.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def inbox(cloud):
    return Inbox(cloud.target)


@pytest.fixture(scope="module")
def workflow(trained):
    return Workflow(trained)


@pytest.fixture
def told(workflow, inbox):
    """Runs the workflow to its failure, holds what is left against what was there, and returns what people got."""

    def run_to_failure(state: str, run_input: dict[str, str] | None = None, *, leased: str = "") -> str:
        champion, judged = workflow.champion(), workflow.judged()
        ended = workflow.run(run_input or workflow.input())

        assert ended["status"] == "FAILED"
        assert ended["cause"].startswith(f"{state}: ")
        message = inbox.receive(ended["executionArn"])
        assert message.subject == f"Evergreen dev: training failed at {state}"
        assert f"failed at {state}.\n\nCause: " in message.message
        assert "The champion is unchanged." in message.message
        assert workflow.champion() == champion
        assert workflow.judged() == judged
        assert workflow.holder() == leased
        return message.message

    return run_to_failure


@pytest.fixture
def rerun(workflow, inbox):
    """Runs the workflow as ever, and returns what people got."""

    def run_again() -> str:
        ended = workflow.run(workflow.input())

        assert ended["status"] == "SUCCEEDED", ended["cause"]
        decision = json.loads(ended["output"])
        message = inbox.receive(f"Version {decision['version']} of ")
        verdict = "promoted" if decision["promote"] else "not promoted"
        assert message.subject == f"Evergreen dev: {workflow.model} {decision['version']} {verdict}"
        assert f"Why: {decision['reason']}" in message.message
        assert workflow.judged()[0] == decision["version"]
        assert workflow.holder() == ""
        return message.message

    return run_again


def data_object(workflow) -> tuple[str, str]:
    """Bucket and key of the table's content."""
    (file,) = of_path(TABLE).files
    return workflow.target.outputs[names.OUTPUT_DATA_BUCKET], object_key(file.md5)


def test_a_second_run_is_refused_while_the_first_goes_on_and_is_told_of_it(workflow, told, rerun):
    run_input = workflow.input()
    first = workflow.start(run_input)
    workflow.wait_until(lambda: "Prepare" in workflow.entered(first))

    message = told("Acquire", run_input, leased=first)

    assert f"another training of {workflow.model} is running" in message
    assert f"execution {first}" in message
    ended = workflow.end_of(first)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["version"] in message
    rerun()


def test_a_lease_that_cannot_be_taken_ends_the_run_and_so_does_one_that_cannot_be_given_back(workflow, inbox):
    champion = workflow.champion()
    with workflow.variables("Training/Lease", MODEL_BUCKET="no-such-bucket"):
        execution = workflow.start(workflow.input())
        ended = workflow.end_of(execution)

    assert ended["status"] == "FAILED"
    assert workflow.entered(execution)[-3:] == ["Release", "HowItEnded", "Failed"]
    assert "Prepare" not in workflow.entered(execution)
    message = inbox.receive(execution)
    assert message.subject == "Evergreen dev: training failed at Acquire"
    assert "NoSuchBucket" in message.message
    assert workflow.champion() == champion


def test_data_that_is_gone_is_named_and_uploaded_by_the_next_training(workflow, told, rerun):
    run_input = workflow.input()
    bucket, key = data_object(workflow)
    with without_object(workflow.s3, bucket, key):
        message = told("Prepare", run_input)
    assert f"Data download failed: s3://{bucket}/{key}" in message

    workflow.s3.delete_object(Bucket=bucket, Key=key)
    rerun()


def test_data_that_may_not_be_read_is_named(workflow, told):
    bucket, key = data_object(workflow)
    with workflow.denied("Training/PrepareRole", "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
        message = told("Prepare")
    assert f"Data download failed: s3://{bucket}/{key}" in message
    assert "Forbidden" in message


def test_a_training_that_fails_is_told_in_its_own_words(workflow, told, tmp_path):
    message = told("Train", workflow.input(settings_with(tmp_path, "max_iter = 200", "max_itr = 200")))
    assert "no 'max_itr'; did you mean max_iter" in message


def test_a_bundle_that_cannot_be_judged_is_never_picked_up(workflow, told, rerun):
    with workflow.variables("Training/Judge", MODEL_BUCKET="another-bucket"):
        message = told("Judge")
    assert "is not in the model bucket another-bucket" in message
    rerun()


def test_a_bundle_that_was_written_by_half_is_never_picked_up(workflow, told, rerun):
    # The manifest says what belongs to a bundle, and comes last.
    manifests = f"arn:aws:s3:::{workflow.models}/models/{workflow.model}/*/manifest.json"
    with workflow.denied("Training/Judge/Role", "s3:PutObject", manifests):
        message = told("Judge")
    assert "AccessDenied" in message
    rerun()


def test_an_archive_that_could_not_be_uploaded_is_named(workflow, told):
    archives = f"arn:aws:s3:::{workflow.models}/models/{workflow.model}/*/model.tar.gz"
    with workflow.denied("Training/TrainRole", "s3:PutObject", archives):
        message = told("Train")
    assert "Artifact upload failed" in message
    assert "model.tar.gz" in message


def test_a_decision_that_cannot_be_written_on_the_mlflow_run_is_none(workflow, told):
    with workflow.variables("Training/Judge", MLFLOW_TRACKING_URI=NOWHERE):
        message = told("Judge")
    assert "127.0.0.1" in message


def test_while_mlflow_is_down_nothing_is_promoted(workflow, inbox, rerun):
    pointer = names.champion_key(workflow.model)
    # So that there is something to promote: the first champion once more.
    workflow.s3.delete_object(Bucket=workflow.models, Key=pointer)
    with workflow.variables("Training/Promote", MLFLOW_TRACKING_URI=NOWHERE):
        ended = workflow.run(workflow.input())
    assert ended["status"] == "FAILED"
    message = inbox.receive(ended["executionArn"])
    assert message.subject == "Evergreen dev: training failed at Promote"
    assert "127.0.0.1" in message.message
    assert workflow.holder() == ""
    assert "Contents" not in workflow.s3.list_objects_v2(Bucket=workflow.models, Prefix=pointer)

    assert "was promoted." in rerun()


def test_a_preparation_that_is_stuck_ends_at_its_limit(workflow, told):
    stuck = {**workflow.arguments_of("Prepare")["AppSpecification"], "ContainerEntrypoint": ["sleep", "600"]}
    with workflow.arguments("Prepare", AppSpecification=stuck, StoppingCondition={"MaxRuntimeInSeconds": 1}):
        message = told("Prepare")
    assert "the job was stopped: by its limit of 1 seconds, which is prepare_seconds" in message


def test_a_training_that_is_stuck_ends_at_its_limit(workflow, told):
    # No training is done within a second.
    with workflow.arguments("Train", StoppingCondition={"MaxRuntimeInSeconds": 1}):
        message = told("Train")
    assert "the job was stopped: by its limit of 1 seconds, which is train_seconds" in message


def test_an_aborted_run_is_told_and_does_not_keep_the_next_one_waiting(workflow, inbox, rerun):
    champion, judged = workflow.champion(), workflow.judged()
    execution = workflow.start(workflow.input())
    workflow.wait_until(lambda: "Train" in workflow.entered(execution))
    assert workflow.holder() == execution

    workflow.states.stop_execution(executionArn=execution)

    message = inbox.receive(execution.rpartition(":")[2]).message
    assert "ended as ABORTED" in message
    workflow.wait_until(lambda: workflow.holder() == "")
    assert (workflow.champion(), workflow.judged()) == (champion, judged)
    rerun()


def test_a_run_that_is_started_with_the_wrong_input_is_told_though_no_state_can_catch_it(workflow, inbox):
    ended = workflow.run({"data": "s3://nothing"})
    assert ended["status"] == "FAILED"
    assert "ended as FAILED" in inbox.receive(ended["name"]).message


def test_a_decision_that_cannot_be_announced_stands(workflow):
    missing = "arn:aws:sns:us-east-1:000000000000:no-such-topic"
    with workflow.arguments("NotifyDecision", TopicArn=missing):
        execution = workflow.start(workflow.input())
        ended = workflow.end_of(execution)
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["version"] == workflow.judged()[0]
    assert workflow.entered(execution)[-4:] == ["NotifyDecision", "Release", "HowItEnded", "KeepChampion"]
    assert workflow.holder() == ""
