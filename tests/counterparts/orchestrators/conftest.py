"""A deployed stack for the tasks of orchestrators, with data and settings in its bucket, once for these tests."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.aws.target import CHECKOUT
from cli.console import Steps
from cli.embedded import deployed_cloud
from cli.training_run import TrainingRun
from evergreen import names
from evergreen.versions.data_version import manifest_key
from tests.end_to_end.clouds import Deployed, environment, person
from tests.end_to_end.workflow import TABLE, Workflow

ENVIRONMENTS = CHECKOUT / ".venv-integrations"
PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Stack:
    """
    Attributes:
        person: credentials of a role with the stack's user policy, which tasks run with.
        data, settings: the version and the SHA-256 of what is in the data bucket.
        settings_file: that it is of.
    """

    deployed: Deployed
    workflow: Workflow
    person: Mapping[str, str]
    data: str
    settings: str
    settings_file: Path

    def variables(self, counterpart: str, **more: str) -> dict[str, str]:
        """The environment of a process of a counterpart: the cloud's address, and no account's."""
        paths = [str(ENVIRONMENTS / counterpart / "bin"), os.defpath]
        return {"PATH": os.pathsep.join(paths), **self.deployed.embedded.environment(), **self.person, **more}

    def executions(self) -> dict[str, str]:
        """The status of each execution of the training workflow by its ARN."""
        found = self.workflow.states.list_executions(stateMachineArn=self.workflow.machine)["executions"]
        return {each["executionArn"]: each["status"] for each in found}

    def require_a_champion(self) -> None:
        """For tests that run alone."""
        if not self.workflow.judged():
            assert self.deployed.train(self.settings_file)["promote"]

    def bring_the_data_again(self) -> None:
        """The version in the bucket is as new as if somebody had brought it just now."""
        bucket = self.deployed.target.outputs[names.OUTPUT_DATA_BUCKET]
        manifest = {"Bucket": bucket, "Key": manifest_key(self.data)}
        content = self.workflow.s3.get_object(**manifest)["Body"].read()
        self.workflow.s3.put_object(**manifest, Body=content)

    def forget_the_champion(self) -> None:
        """The next version is judged as the first one, and promoted."""
        models, model = self.workflow.models, self.workflow.model
        self.workflow.s3.delete_object(Bucket=models, Key=f"champions/{model}.json")

    @contextmanager
    def stuck(self, *, seconds: int) -> Iterator[None]:
        """The first job of each training only sleeps, and is ended after so many seconds."""
        job = self.workflow.arguments_of("Prepare")["AppSpecification"]
        sleeping = {**job, "ContainerEntrypoint": ["sleep", "600"]}
        limit = {"MaxRuntimeInSeconds": seconds}
        with self.workflow.arguments("Prepare", AppSpecification=sleeping, StoppingCondition=limit):
            yield


def example_of(page: str) -> str:
    """The block of Python of a page of docs/integrations."""
    text = (CHECKOUT / "docs" / "integrations" / f"{page}.md").read_text()
    (block,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(block)


@dataclass
class Program:
    """A running program of programs/, which takes a JSON document and prints one as its last line."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, file: str, given: Any, *, python: Path, variables: Mapping[str, str], folder: Path) -> "Program":
        process = subprocess.Popen(
            [python, "-W", "ignore", PROGRAMS / file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=variables,
            cwd=folder,
            start_new_session=True,
        )
        assert process.stdin
        process.stdin.write(json.dumps(given))
        process.stdin.close()
        process.stdin = None
        return cls(process)

    def end(self, *, seconds: float = 300) -> tuple[Any, str]:
        """The document, None if the program failed, and all that it has said."""
        try:
            said, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return (json.loads(said.splitlines()[-1]) if self.process.returncode == 0 else None), said

    def kill(self) -> None:
        """With all that it has started, without a last word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Without a champion."""
    folder = tmp_path_factory.mktemp("orchestrators")
    shutil.copyfile(TABLE, folder / TABLE.name)
    settings = (CHECKOUT / "model.toml").read_text().replace(f"data/{TABLE.name}", TABLE.name)
    # What a model is worth is of no matter here, what a training takes is.
    settings = settings.replace("max_iter = 200", "max_iter = 20")
    (folder / "model.toml").write_text(settings)
    with ExitStack() as running:
        # What it says of the cloud in this process's environment must not stay for other tests.
        with environment({}):
            embedded, target = running.enter_context(
                deployed_cloud(folder / "cloud", Steps(), port=None, model_toml=folder / "model.toml")
            )
            deployed = Deployed(embedded, target)
            brought = TrainingRun(target, folder / "model.toml").upload()
            found = Stack(
                deployed,
                Workflow(deployed),
                person(target, target.outputs[names.OUTPUT_USER_POLICY]),
                data=brought["data"].rpartition("/")[2].removesuffix(".manifest"),
                settings=brought["settings"].split("/")[-2],
                settings_file=folder / "model.toml",
            )
        yield found


@pytest.fixture(autouse=True)
def _as_a_client_of_the_cloud(stack: Stack) -> Iterator[None]:
    with environment(stack.deployed.embedded.environment()):
        yield
