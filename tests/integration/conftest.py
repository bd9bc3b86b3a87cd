"""One embedded cloud for the whole session."""

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from local.cloud import EmbeddedCloud
from tests.integration.account import Account


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud(tmp_path_factory.mktemp("embedded") / "cloud") as running:
        yield running


@pytest.fixture(scope="session")
def aws(cloud: EmbeddedCloud) -> Account:
    return Account(cloud)


@pytest.fixture(scope="module")
def moto_server() -> Iterator[str]:
    """The address of an AWS that other processes, and what is not boto3, can reach."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
