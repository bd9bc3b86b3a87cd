"""One embedded cloud for the whole session, and empty MLflow databases."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

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


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    """Puts an empty database of MLflow's at a path; returns its tracking URI.

    MLflow makes the tables once, for seconds, by all the migrations of its past.
    """
    from mlflow import MlflowClient

    empty = tmp_path_factory.mktemp("mlflow") / "empty.db"
    # The registry's half of the tables is made by its own first call.
    client = MlflowClient(f"sqlite:///{empty}")
    client.search_experiments()
    client.search_registered_models()

    def put(path: Path) -> str:
        shutil.copyfile(empty, path)
        return f"sqlite:///{path}"

    return put
