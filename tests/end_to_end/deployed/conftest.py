"""The embedded cloud with the stack deployed to it by the real CDK command line, once for each process of tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.console import Steps
from cli.embedded import deployed_cloud
from local.environments import UNKIND
from tests.end_to_end.clouds import Deployed, environment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the stack does without a champion is tried before the first training, whichever file it stands in."""
    places = [index for index, item in enumerate(items) if Path(__file__).parent in item.path.parents]
    ordered = sorted((items[index] for index in places), key=lambda item: "trained" in item.fixturenames)
    for index, item in zip(places, ordered, strict=True):
        items[index] = item


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """As unkind as AWS on a bad day. Nothing is trained yet: tests that ask for `trained` come last."""
    home = tmp_path_factory.mktemp("end-to-end") / "cloud"
    with environment({UNKIND: "1"}):
        deploying = deployed_cloud(home, Steps(), port=None)
        embedded, target = deploying.__enter__()
    try:
        yield Deployed(embedded, target)
    finally:
        deploying.__exit__(None, None, None)


@pytest.fixture(scope="session")
def trained(cloud: Deployed) -> Deployed:
    """The cloud with a first champion."""
    with environment(cloud.embedded.environment()):
        assert cloud.train()["promote"]
    return cloud


@pytest.fixture(scope="module", autouse=True)
def _as_a_client_of_the_cloud(cloud: Deployed) -> Iterator[None]:
    """Per module, not for the session: tests of other folders must not see this cloud."""
    with environment(cloud.embedded.environment()):
        yield
