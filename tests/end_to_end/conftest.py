"""The embedded cloud with the stack deployed to it by the real CDK command line, once for the whole session."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.aws.target import CHECKOUT, Target
from cli.console import Steps
from cli.embedded import deployed_cloud
from cli.training_run import TrainingRun
from local.cloud import EmbeddedCloud
from local.environments import UNKIND

# These of the caller's would win over the keys of the embedded cloud.
_CALLERS_OWN = ("AWS_PROFILE", "AWS_SESSION_TOKEN")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the stack does without a champion is tried before the first training, whichever file it stands in."""
    places = [index for index, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted((items[index] for index in places), key=lambda item: "trained" in item.fixturenames)
    for index, item in zip(places, ordered, strict=True):
        items[index] = item


@dataclass(frozen=True)
class Deployed:
    """A running cloud and the stack in it."""

    embedded: EmbeddedCloud
    target: Target

    @property
    def template(self) -> Path:
        """What the CDK deployed."""
        return self.embedded.home / "cdk.out" / "evergreen-dev.template.json"

    def train(self, settings_file: Path = CHECKOUT / "model.toml") -> dict[str, Any]:
        """Judge's decision. Raises CommandFailed when the workflow fails."""
        run = TrainingRun(self.target, settings_file)
        return run.execute(run.upload(), lambda _state, _seconds: None, lambda _summary: None)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """As unkind as AWS on a bad day. Nothing is trained yet: tests that ask for `trained` come last."""
    home = tmp_path_factory.mktemp("end-to-end") / "cloud"
    with _environment({UNKIND: "1"}):
        deploying = deployed_cloud(home, Steps(), port=None)
        embedded, target = deploying.__enter__()
    try:
        yield Deployed(embedded, target)
    finally:
        deploying.__exit__(None, None, None)


@pytest.fixture(scope="session")
def trained(cloud: Deployed) -> Deployed:
    """The cloud with a first champion."""
    with _environment(cloud.embedded.environment()):
        assert cloud.train()["promote"]
    return cloud


@pytest.fixture(scope="module", autouse=True)
def _as_a_client_of_the_cloud(cloud: Deployed) -> Iterator[None]:
    """Per module, not for the session: tests of other folders must not see this cloud."""
    with _environment(cloud.embedded.environment()):
        yield


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    for name in _CALLERS_OWN:
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
