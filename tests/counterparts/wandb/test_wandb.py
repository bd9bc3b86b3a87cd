"""A training's run is written by W&B's own client, offline and to a server, and read back; what goes wrong is told."""

import http.server
import json
import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import mlflow
import pytest

from cli.aws.target import CHECKOUT
from evergreen import names, tracking
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import TrackingSettings
from evergreen.versions.data_version import of_path
from training import prepare, train
from training.mirroring.mirror import mirror

WANDB = CHECKOUT / ".venv-integrations" / "wandb" / "bin"
TABLE = CHECKOUT / "data" / "texas_2000_2006.csv"
KEY = "local" + 40 * "0"
RECORD = {
    "id": "run0001",
    "name": "v1",
    "config": {"parameters": {"max_iter": "200"}, "lineage": {"version": "v1"}},
    "summary": {"holdout_mape": 0.1},
    "importance": [["rooms", 0.5]],
    "holdout": [[1.0, 1.5], [2.0, 2.5]],
    "documents": [],
}


class Secrets:
    def get_secret_value(self, *, SecretId):
        assert SecretId == "wandb"
        return {"SecretString": KEY}


def client(_service):
    return Secrets()


@pytest.fixture(autouse=True)
def _client_of_wandb(monkeypatch):
    monkeypatch.setenv(names.WANDB_PYTHON, str(WANDB / "python"))


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Trains on the demo's table with a mirror at an address; returns the MLflow run, and what the job has printed."""

    def run(address, capsys):
        text = (CHECKOUT / "model.toml").read_text().replace(f"data/{TABLE.name}", str(TABLE))
        text = text.replace("max_iter = 200", "max_iter = 20")
        (tmp_path / "model.toml").write_text(f'{text}\n[tracking]\nwandb = "default/houses"\nwandb_url = "{address}"\n')
        uri = f"sqlite:///{tmp_path}/mlflow.db"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(train, "_client", client)
        settings = read_settings(tmp_path / "model.toml")
        prepare.run(of_path(TABLE), settings, tmp_path / "prepared", previous=None)
        mlflow.set_tracking_uri(uri)
        try:
            train.run(
                tmp_path / "prepared", tmp_path / "model.toml", tmp_path / "bundle", version="v1", git_commit="0a1b"
            )
        finally:
            mlflow.set_tracking_uri(None)
        lineage = json.loads((tmp_path / "bundle" / "lineage.json").read_text())
        found = mlflow.MlflowClient(uri).get_run(lineage["mlflow_run_id"])
        return found, capsys.readouterr().out

    return run


def test_a_training_is_shown_with_the_same_id_metrics_parameters_lineage_plots_and_card(server, trained, capsys):
    address, folder = server

    run, said = trained(address, capsys)

    url = run.data.tags[tracking.WANDB_TAG]
    assert f"W&B: {url}" in said
    assert url == f"{address}/default/houses/runs/{run.info.run_id}"
    (kept,) = (folder / "files").rglob(run.info.run_id)
    summary = json.loads((kept / "wandb-summary.json").read_text())
    assert summary["holdout_mape"] == pytest.approx(run.data.metrics["holdout_mape"])
    assert summary["baseline_mape"] == pytest.approx(run.data.metrics["baseline_mape"])
    assert {"importance", "fit", "holdout", "model_card"} <= summary.keys() | {
        name.removesuffix("_table") for name in summary
    }
    config = (kept / "config.yaml").read_text()
    assert "max_iter" in config
    assert run.data.tags["data_version"] in config
    assert any(path.suffix == ".html" for path in kept.rglob("*"))
    # Doing it again changes nothing: the run of that id goes on.
    again = mirror(
        {**RECORD, "id": run.info.run_id}, TrackingSettings(wandb="default/houses", wandb_url=address), client
    )
    assert again.url == url


def test_offline_what_is_written_is_read_back_by_the_clients_own_tool(tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(CHECKOUT),
        "WANDB_MODE": "offline",
    }
    given = {**RECORD, "entity": "people", "project": "houses", "folder": str(tmp_path)}
    written = subprocess.run(
        [WANDB / "python", "-m", "training.mirroring.wandb_run"],
        input=json.dumps(given),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert written.returncode == 0, written.stderr
    (file,) = tmp_path.rglob("*.wandb")

    shown = subprocess.run(
        [WANDB / "wandb", "leet", "inspect", "--summary", "--json", file],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    found = json.loads(shown.stdout)
    assert (found["run_id"], found["project"], found["exit_code"]) == ("run0001", "houses", 0)
    assert "holdout_mape" in json.dumps(found["summary"])
    assert "max_iter" in json.dumps(found["config"])


class Refusing(http.server.BaseHTTPRequestHandler):
    """A server that knows no key."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(401)
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


@contextmanager
def refusing(port):
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@contextmanager
def hanging(port):
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", port)):
        yield


@pytest.mark.parametrize(
    ("world", "seconds", "words"),
    [(refusing, 60, "does not take the key in the secret wandb"), (hanging, 15, "did not answer within 15 s")],
)
def test_a_wrong_key_and_a_server_that_hangs_are_told_in_time(port, world, seconds, words):
    settings = TrackingSettings(wandb="default/houses", wandb_url=f"http://127.0.0.1:{port}")
    started = time.monotonic()

    with world(port):
        found = mirror(RECORD, settings, client, seconds=seconds)

    assert not found.url
    assert words in found.failure
    assert KEY not in str(found)
    assert time.monotonic() - started < seconds + 15


def test_a_server_that_is_down_fails_no_training(port, trained, capsys, monkeypatch):
    monkeypatch.setattr("training.mirroring.mirror.SECONDS", 15.0)

    run, said = trained(f"http://127.0.0.1:{port}", capsys)

    assert run.info.status == "FINISHED"
    assert run.data.tags[tracking.WANDB_TAG].startswith("not mirrored: ")
    assert "W&B: not mirrored" in said
