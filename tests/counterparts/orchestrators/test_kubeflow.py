"""The compiled components and the pipeline run in Kubeflow's own local runner, against a deployed stack."""

import json
import subprocess
from pathlib import Path

import pytest

from cli.aws.target import CHECKOUT
from tests.counterparts.orchestrators.conftest import ENVIRONMENTS, Program, example_of
from tests.end_to_end.clouds import person
from tests.end_to_end.workflow import ROW

COMPILED = CHECKOUT / "integrations" / "kubeflow" / "compiled"
PYTHON = ENVIRONMENTS / "kubeflow" / "bin" / "python"


@pytest.fixture
def run(stack, tmp_path):
    """Starts what a compiled file says."""

    def start(name, variables=None, **arguments):
        given = {"file": str(COMPILED / f"{name}.yaml"), "root": str(tmp_path / "root"), "arguments": arguments}
        variables = stack.variables("kubeflow", **(variables or {}))
        return Program.start("run_component.py", given, python=PYTHON, variables=variables, folder=tmp_path)

    return start


def outputs_below(root, name):
    """What a step of a pipeline has put out, as its executor has written it."""
    (file,) = Path(root).rglob(f"{name}/executor_output.json")
    return json.loads(file.read_text())


@pytest.mark.parametrize("seed", ["0", "1"])
def test_what_is_committed_is_what_is_compiled(tmp_path, seed):
    subprocess.run(
        [PYTHON, "-W", "ignore", "-m", "integrations.kubeflow.compile", tmp_path / "compiled"],
        cwd=CHECKOUT,
        env={"PYTHONHASHSEED": seed},
        check=True,
        timeout=60,
    )

    written = {file.name: file.read_text() for file in (tmp_path / "compiled").iterdir()}
    assert written == {file.name: file.read_text() for file in COMPILED.iterdir()}


def test_the_pipeline_trains_promotes_predicts_and_checks(stack, run, tmp_path):
    stack.forget_the_champion()
    rows = tmp_path / "rows.jsonl"
    rows.write_text(f"{json.dumps(ROW)}\n" * 700)

    _, said = (started := run("pipeline", rows=str(rows), settings=stack.settings, data=stack.data)).end()

    assert started.process.returncode == 0, said
    trained = outputs_below(tmp_path / "root", "train")
    champion = stack.workflow.champion()["version"]
    assert trained["parameterValues"]["promoted"] is True
    assert trained["parameterValues"]["version"] == champion
    assert trained["parameterValues"]["decision"]["version"] == champion
    metrics = trained["artifacts"]["metrics"]["artifacts"][0]["metadata"]
    assert metrics["promoted"] == 1
    assert metrics["mape"] < metrics["baseline_mape"]
    predicted = outputs_below(tmp_path / "root", "predict-batch")
    assert predicted["parameterValues"] == {"count": 700, "version": champion}
    lines = Path(predicted["artifacts"]["predictions"]["artifacts"][0]["uri"]).read_text().splitlines()
    assert len({json.loads(line)["prediction_id"] for line in lines}) == 700
    assert outputs_below(tmp_path / "root", "check-drift")["parameterValues"]["status"]


def test_a_component_that_was_killed_finds_its_training_again(stack, run, eventually):
    before = stack.executions()
    killed = run("train", run_id="run-1", settings=stack.settings)
    (execution,) = eventually(lambda: stack.executions().keys() - before.keys(), seconds=60)
    killed.kill()

    outputs, said = run("train", run_id="run-1", settings=stack.settings).end()

    assert outputs, said
    assert f"found again: {execution}" in said
    assert stack.executions().keys() - before.keys() == {execution}
    assert outputs["execution"] == execution
    assert outputs["version"] == outputs["decision"]["version"]
    assert outputs["metrics"]["promoted"] == float(outputs["promoted"])
    # And once more, after its end.
    again, _ = run("train", run_id="run-1", settings=stack.settings).end()
    assert again["decision"] == outputs["decision"]


def test_a_workflow_that_fails_fails_the_component_with_its_cause_and_a_retry_starts_another(stack, run):
    before = stack.executions()
    with stack.stuck(seconds=1):
        ends = [run("train", run_id="run-2", settings=stack.settings).end() for _ in range(2)]

    for outputs, said in ends:
        assert outputs is None
        assert "the training failed: Prepare: the job was stopped: by its limit of 1 seconds" in said
    assert len(stack.executions().keys() - before.keys()) == 2


def test_a_training_that_outlasts_the_components_time_goes_on(stack, run):
    before = stack.executions()
    with stack.stuck(seconds=60):
        outputs, said = run("train", run_id="run-3", settings=stack.settings, timeout_seconds=1).end()

    (execution,) = stack.executions().keys() - before.keys()
    assert outputs is None
    assert f"aws stepfunctions stop-execution --execution-arn {execution}" in said
    stack.workflow.states.stop_execution(executionArn=execution)
    stack.workflow.wait_until(lambda: stack.workflow.holder() == "")


def test_a_version_is_promoted_by_name(stack, run):
    stack.forget_the_champion()
    version = stack.workflow.judged()[0]

    outputs, said = run("promote", version=version, even_if_rejected=True).end()

    assert outputs == {"version": version, "before": ""}, said
    assert stack.workflow.champion()["version"] == version
    assert "there is no version 1 of" in run("promote", version="1").end()[1]


REFUSED = {
    "there is no stack evergreen-prod": {"environment": "prod"},
    "0 versions of the data in": {"data": "abc"},
    "has no settings/abc/model.toml": {"settings": "abc"},
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_not_there_is_said_before_anything_starts(stack, run, words):
    before = stack.executions()
    # The policy of one stack allows no look at another.
    owner = {**stack.deployed.embedded.environment(), "AWS_SESSION_TOKEN": ""}

    outputs, said = run(
        "train", variables=owner, run_id="run-4", **{"settings": stack.settings, **REFUSED[words]}
    ).end()

    assert outputs is None
    assert words in said
    assert stack.executions() == before


def test_a_role_without_the_policy_is_told_which_it_needs(stack, run):
    nobody = person(stack.deployed.target)

    outputs, said = run("train", run_id="run-5", variables=nobody).end()

    assert outputs is None
    assert "AWS denies cloudformation DescribeStacks: attach the managed policy" in said


def test_the_example_of_the_page_runs_as_it_is_printed(stack, tmp_path):
    stack.require_a_champion()
    before = stack.executions()
    (tmp_path / "integrations").symlink_to(CHECKOUT / "integrations")
    # kfp reads the source of a pipeline from its file.
    (tmp_path / "example.py").write_text(example_of("kubeflow"))

    shown = subprocess.run(
        [PYTHON, "-W", "ignore", "example.py"],
        cwd=tmp_path,
        env=stack.variables("kubeflow"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert shown.returncode == 0, shown.stdout[-3000:] + shown.stderr[-3000:]
    (execution,) = stack.executions().keys() - before.keys()
    assert f"started: {execution}" in shown.stdout + shown.stderr
    assert outputs_below(tmp_path / "local_outputs", "check-drift")["parameterValues"]["status"]
