"""One embedded cloud for the whole session."""

from collections.abc import Iterator

import pytest

from local.cloud import EmbeddedCloud
from tests.integration.account import Account


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(tmp_path_factory.mktemp("embedded") / "cloud") as running:
        yield running


@pytest.fixture(scope="session")
def aws(cloud: EmbeddedCloud) -> Account:
    return Account(cloud)
