"""A cloud that was stopped in the middle of a training comes back: same URL, same champion, nothing held or lost."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.aws import cdk
from cli.aws.endpoint import Endpoint
from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT, Target
from cli.console import Steps
from cli.demo.telemetry import Captures
from cli.embedded import SETTINGS
from evergreen import names
from local.running import environment_of_running
from local.state.folder import StateFolder
from tests.end_to_end.clouds import Deployed, environment
from tests.end_to_end.workflow import ROW, Workflow

COMMAND = """
import pathlib, sys
import cli.verbs.{verb} as verb
verb.CLOUD_HOME = pathlib.Path(sys.argv.pop(1))
from cli.main import main
main()
"""


class Command:
    """`evergreen up` or `evergreen down` for a cloud in a folder of the test."""

    def __init__(self, verb: str, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", COMMAND.format(verb=verb), str(home), verb],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""

    def says(self, words: str) -> None:
        """Wait for these words."""
        for line in self._process.stdout:
            self.said += line
            if words in line:
                return
        pytest.fail(f"it never said {words!r}:\n{self.said}")

    def end(self) -> str:
        """All that it has said, when it has ended well."""
        rest, _ = self._process.communicate(timeout=120)
        self.said += rest
        assert self._process.returncode == 0, self.said
        return self.said

    def kill(self) -> None:
        self._process.kill()


def answer_of(target: Target) -> tuple[float, str, str]:
    """A prediction, the version that made it, and its id."""
    answer = Endpoint(target).predict({"features": ROW})
    return answer["prediction"], answer["model_version"], answer["prediction_id"]


def test_a_stopped_cloud_comes_back_as_it_was(tmp_path, eventually):
    home = tmp_path / "cloud"
    first = Command("up", home)
    second = None
    try:
        first.says("The cloud is up.")
        with environment(environment_of_running(home)):
            target = Target("dev", embedded=True)
            outputs = target.outputs
            *answer, prediction = answer_of(target)
            Endpoint(target).feedback({"labels": [{"prediction_id": prediction, "actual": 150000}]})
            run = Workflow(Deployed(SimpleNamespace(home=home), target))
            execution = run.start(run.input())
            eventually(lambda: run.holder() == execution)
        assert "has been stopped" in Command("down", home).end()
        assert "comes back with: make up" in " ".join(first.end().split())
        assert StateFolder(home / "state").manifest().at_stop

        second = Command("up", home)
        second.says("The cloud is up.")
        assert f"Version {answer[1]} is the champion" in second.said
        assert "cdk" not in second.said
        with environment(environment_of_running(home)):
            target = Target("dev", embedded=True)
            assert target.outputs == outputs
            assert [*answer_of(target)[:2]] == answer
            assert Registry(target).champions().present.version == answer[1]
            captures = Captures(target)
            captures.await_records(names.PREDICTIONS_PREFIX, [prediction])
            captures.await_records(names.FEEDBACK_PREFIX, [prediction])
            run = Workflow(Deployed(SimpleNamespace(home=home), target))
            assert run.end_of(execution)["status"] == "ABORTED"
            eventually(lambda: not run.holder())
            _deploy_a_change(target, tmp_path)
        assert "has been stopped" in Command("down", home).end()
        second.end()
        assert "No embedded cloud is running" in Command("down", home).end()
    finally:
        for command in filter(None, (first, second)):
            command.kill()


def _deploy_a_change(target: Target, folder: Path) -> None:
    """Another address for alarms, as one gives it to `cdk deploy`."""
    steps, settings = Steps(), {**SETTINGS, "CDK_HOME": str(folder / "cdk"), "EVERGREEN_ALARM_EMAIL": "us@example.com"}
    with steps.step("deploy") as step:
        cdk.deploy(settings, step, stack=names.stack_name("dev"), assembly=folder / "cdk.out")
    answer = target.client("sns").list_subscriptions_by_topic(TopicArn=target.outputs[names.OUTPUT_TOPIC])
    assert "us@example.com" in [subscription["Endpoint"] for subscription in answer["Subscriptions"]]
