"""A deployed stack whose endpoint speaks every protocol, and a signing proxy in front of it, once for these tests."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest

from cli.aws.endpoint import Endpoint
from cli.aws.target import CHECKOUT
from cli.console import Steps
from cli.embedded import deployed_cloud
from evergreen import names
from tests.end_to_end.clouds import Deployed, environment

NAME = "texas-house-prices"
ENVIRONMENTS = CHECKOUT / ".venv-integrations"
CLIENTS = CHECKOUT / "tests" / "counterparts" / "protocols" / "clients"
PROXY = CHECKOUT / "integrations" / "signing_proxy" / "envoy.yaml"
TABLE = "texas_2000_2006.csv"
HOST = "API_ID.execute-api.us-east-1.amazonaws.com"
PROTOCOLS = """
[endpoint]
protocols = ["tensorflow", "open-inference", "mlflow"]

[alarms]"""
# Seconds. MLServer compiles itself at its first start, and MLflow takes half a minute each time.
_PATIENCE = 180


@dataclass(frozen=True)
class Served:
    """The stack, and where a client that cannot sign finds it.

    Attributes:
        address: of the proxy: 127.0.0.1:port.
        rows: of the table, as callers send them.
    """

    deployed: Deployed
    address: str
    rows: list[dict[str, Any]]

    def own(self, rows: list[dict[str, Any]] | None = None) -> list[float]:
        """What POST /predict predicts."""
        answers = Endpoint(self.deployed.target).predict({"instances": rows or self.rows})["predictions"]
        return [answer["prediction"] for answer in answers]

    def run(self, client: str, **given: Any) -> Any:
        """What a client prints that is run with the counterpart's own Python."""
        python = ENVIRONMENTS / "open_inference" / "bin" / "python"
        finished = subprocess.run(
            [python, "-W", "ignore", CLIENTS / f"{client}.py"],
            input=json.dumps({"address": self.address, "model": NAME, "rows": self.rows, **given}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr[-3000:]
        return json.loads(finished.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With a first champion."""
    folder = tmp_path_factory.mktemp("protocols")
    shutil.copyfile(CHECKOUT / "data" / TABLE, folder / TABLE)
    settings = (CHECKOUT / "model.toml").read_text().replace(f"data/{TABLE}", TABLE).replace("\n[alarms]", PROTOCOLS)
    (folder / "model.toml").write_text(settings)
    with ExitStack() as running:
        # What it says of the cloud in this process's environment must not stay for other tests.
        with environment({}):
            embedded, target = running.enter_context(
                deployed_cloud(folder / "cloud", Steps(), port=None, model_toml=folder / "model.toml")
            )
        deployed = Deployed(embedded, target)
        with environment(embedded.environment()):
            assert deployed.train(folder / "model.toml")["promote"]
            address = running.enter_context(signing_proxy(folder, deployed))
        # Some of the rows lack a number, which is why some clients write NaN.
        table = pd.read_csv(folder / TABLE)[["city", "year", "month", "sales", "listings", "inventory"]]
        lacking = table[table.isna().any(axis=1)].head(4)
        rows = json.loads(pd.concat([table.dropna().iloc[::400], lacking]).to_json(orient="records"))
        yield Served(deployed, address, rows)


@contextmanager
def signing_proxy(folder: Path, deployed: Deployed) -> Iterator[str]:
    """Envoy in front of the endpoint, as docs/integrations/signing-proxy.md says; its address."""
    url = urlsplit(deployed.target.outputs[names.OUTPUT_PREDICT_URL])
    port = free_port()
    text = PROXY.read_text()
    for old, new in (
        (f"address: {HOST}, port_value: 443", f"address: 127.0.0.1, port_value: {url.port}"),
        (f"sni: {HOST}", f"sni: {url.hostname}"),
        (HOST, url.netloc),
        ("region: us-east-1", f"region: {deployed.target.session.region_name}"),
        ("port_value: 8080", f"port_value: {port}"),
        ("/etc/ssl/certs/ca-certificates.crt", str(deployed.embedded.ca_file)),
    ):
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "envoy.yaml"
    file.write_text(text)
    envoy = ENVIRONMENTS / "signing_proxy" / "bin" / "envoy"
    command = [envoy, "--config-path", file, "--log-level", "warn", "--concurrency", "1", "--base-id", str(port)]
    with server(command, file.with_suffix(".log"), port=port):
        yield f"127.0.0.1:{port}"


@contextmanager
def server(command: list[object], log: Path, *, port: int, **options: Any) -> Iterator[None]:
    """A process that listens at a port."""
    with log.open("w") as said, subprocess.Popen(command, stderr=said, stdout=said, **options) as process:
        try:
            deadline = time.monotonic() + _PATIENCE
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{command[0]} does not listen: {log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(autouse=True)
def _as_a_client_of_the_cloud(served: Served) -> Iterator[None]:
    with environment(served.deployed.embedded.environment()):
        yield
