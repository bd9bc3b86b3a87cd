"""The example DAG and its operators run in Airflow itself, against a deployed stack."""

import json
import shutil
import subprocess
import uuid

import pytest

from cli.aws.target import CHECKOUT
from evergreen import names
from tests.counterparts.orchestrators.conftest import ENVIRONMENTS, PROGRAMS, Program, example_of
from tests.end_to_end.clouds import person

INTEGRATIONS = CHECKOUT / "integrations"
PYTHON = ENVIRONMENTS / "airflow" / "bin" / "python"
# Seconds. On two cores that are busy, Airflow takes half a minute before the first task.
PATIENCE = 240


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An AIRFLOW_HOME whose folder of DAGs has what the page says to copy there, with a database."""
    folder = tmp_path_factory.mktemp("airflow")
    dags = folder / "dags"
    shutil.copytree(INTEGRATIONS / "airflow" / "evergreen_airflow", dags / "evergreen_airflow")
    for file in (INTEGRATIONS / "airflow" / "evergreen_training.py", INTEGRATIONS / "stack" / "evergreen_stack.py"):
        shutil.copy(file, dags)
    shutil.copy(PROGRAMS / "waiting.py", dags)
    (dags / "weekly.py").write_text(example_of("airflow"))
    airflow = ENVIRONMENTS / "airflow" / "bin" / "airflow"
    subprocess.run([airflow, "db", "migrate"], env=_settings(folder), check=True, timeout=PATIENCE, capture_output=True)
    return folder


def _settings(home):
    return {
        "PATH": str(PYTHON.parent),
        "PYTHONPATH": str(home / "dags"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }


@pytest.fixture
def start(stack, home):
    def started(program, variables=None, **given):
        variables = stack.variables("airflow", **_settings(home), **(variables or {}))
        return Program.start(program, given, python=PYTHON, variables=variables, folder=home)

    return started


def states_of(ended):
    return {name: task["state"] for name, task in ended["tasks"].items()}


def test_the_dag_trains_on_new_data_and_checks_what_was_promoted(stack, start):
    stack.forget_the_champion()

    ended, said = start(
        "run_dag.py", module="evergreen_training", params={"settings": stack.settings}, values=["train", "new_data"]
    ).end(seconds=PATIENCE)

    assert ended, said[-6000:]
    assert states_of(ended) == dict.fromkeys(("new_data", "train", "is_promoted", "check", "notify"), "success")
    assert ended["tasks"]["new_data"]["value"] == stack.data
    assert ended["tasks"]["train"]["value"]["version"] == stack.workflow.champion()["version"]


def test_a_failed_training_is_tried_again_and_a_rejected_model_is_told_of_without_a_check(stack, start, eventually):
    stack.require_a_champion()
    # The run before this one has trained on what there was.
    stack.bring_the_data_again()
    before = stack.executions()
    with stack.stuck(seconds=1):
        running = start(
            "run_dag.py", module="evergreen_training", params={"settings": stack.settings}, values=["notify"]
        )
        eventually(lambda: "FAILED" in new(stack, before).values(), seconds=PATIENCE)

    ended, said = running.end(seconds=PATIENCE)

    assert ended, said[-6000:]
    assert states_of(ended) == {
        "new_data": "success",
        "train": "success",
        "is_promoted": "success",
        "check": "skipped",
        "notify": "success",
    }
    assert ended["tasks"]["train"]["tries"] == 2
    assert sorted(new(stack, before).values()) == ["FAILED", "SUCCEEDED"]
    assert " was rejected: " in ended["tasks"]["notify"]["value"]


def test_the_example_of_the_page_runs_as_it_is_printed(stack, start):
    stack.require_a_champion()

    ended, said = start("run_dag.py", module="weekly", params={}, values=["train"]).end(seconds=PATIENCE)

    assert ended, said[-6000:]
    assert ended["tasks"]["train"]["value"]["version"] == stack.workflow.judged()[0]


def test_sensors_see_a_failure(stack, start):
    with stack.stuck(seconds=1):
        ended, said = start("run_dag.py", module="waiting", params={"settings": stack.settings}, values=[]).end(
            seconds=PATIENCE
        )

    assert ended, said[-6000:]
    assert ended["state"] == "failed"
    assert states_of(ended) == {"start": "success", "deferred": "failed", "poking": "failed"}
    assert "the training failed: Prepare: the job was stopped: by its limit of 1 seconds" in said


def test_a_task_that_is_killed_stops_its_training(stack, start):
    before = stack.executions()
    with stack.stuck(seconds=120):
        ended, said = start("cancel_task.py", variables=may_stop(stack), settings=stack.settings).end(seconds=PATIENCE)

    assert ended, said[-6000:]
    assert [words.partition(": ")[0] for words in ended] == ["the training was stopped"] * 2
    assert list(new(stack, before).values()) == ["ABORTED"] * 2
    stack.workflow.wait_until(lambda: stack.workflow.holder() == "")


def may_stop(stack):
    """Credentials of a role that has what the page says beside the stack's policy: it may stop executions."""
    executions = stack.workflow.machine.replace(":stateMachine:", ":execution:") + ":*"
    statement = {"Effect": "Allow", "Action": "states:StopExecution", "Resource": executions}
    policy = stack.deployed.target.client("iam").create_policy(
        PolicyName=f"stop-{uuid.uuid4().hex[:8]}",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Policy"]["Arn"]
    return person(stack.deployed.target, stack.deployed.target.outputs[names.OUTPUT_USER_POLICY], policy)


def new(stack, before):
    return {name: status for name, status in stack.executions().items() if name not in before}
