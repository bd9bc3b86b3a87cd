"""The endpoint, and a server of each protocol with the same scikit-learn model, predict the same of the same rows."""

import json
import os
import sys
import urllib.request
from pathlib import Path

import joblib
import mlflow
import pytest

from cli.aws.target import CHECKOUT
from evergreen import tracking
from tests.counterparts.protocols.conftest import ENVIRONMENTS, NAME, free_port, server

REGISTERED = f"models:/{NAME}@{tracking.CHAMPION}"


@pytest.fixture
def registered(served, monkeypatch):
    """Where MLflow finds the model that was registered for the champion."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", served.deployed.embedded.tracking_uri)
    mlflow.set_tracking_uri(served.deployed.embedded.tracking_uri)
    yield REGISTERED
    mlflow.set_tracking_uri(None)


def ask(address, path, body):
    request = urllib.request.Request(f"http://{address}{path}", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def test_mlflows_own_server_predicts_the_same_in_each_form(served, registered, tmp_path):
    port = free_port()
    mlflow_command = Path(sys.executable).parent / "mlflow"
    command = [mlflow_command, "models", "serve", "-m", registered, "--env-manager", "local"]
    # It finds uvicorn by its name.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    options = {"cwd": tmp_path, "env": {**os.environ, "PATH": path}}
    rows = served.rows
    columns = list(rows[0])
    forms = {
        "dataframe_split": {"columns": columns, "data": [list(row.values()) for row in rows]},
        "dataframe_records": rows,
        "inputs": {name: [row[name] for row in rows] for name in columns},
    }
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with server(command, tmp_path / "mlflow.log", port=port, **options):
        for form, content in forms.items():
            theirs = ask(f"127.0.0.1:{port}", "/invocations", {form: content})["predictions"]
            ours = ask(served.address, "/invocations", {form: content})["predictions"]
            assert ours == pytest.approx(theirs, rel=1e-12), form


def test_mlserver_predicts_the_same_of_the_same_request(served, registered, tmp_path):
    joblib.dump(mlflow.sklearn.load_model(registered), tmp_path / "model.joblib")
    port, other, third = free_port(), free_port(), free_port()
    settings = {
        "http_port": port,
        "grpc_port": other,
        "metrics_port": third,
        "host": "127.0.0.1",
        "parallel_workers": 0,
    }
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    model = {
        "name": NAME,
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "content_type": "pd"},
    }
    (tmp_path / "model-settings.json").write_text(json.dumps(model))
    environment = ENVIRONMENTS / "open_inference" / "bin"
    options = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(CHECKOUT)}}
    kinds = {"city": ("BYTES", "str")}
    with server([environment / "mlserver", "start", "."], tmp_path / "mlserver.log", port=port, **options):
        tensors = []
        for name in served.rows[0]:
            datatype, content = kinds.get(name, ("FP64", "np"))
            column = {"name": name, "shape": [len(served.rows), 1], "datatype": datatype}
            column |= {"data": [row[name] for row in served.rows], "parameters": {"content_type": content}}
            tensors.append(column)
        request = {"parameters": {"content_type": "pd"}, "inputs": tensors}
        path = f"/v2/models/{NAME}/infer"
        theirs = ask(f"127.0.0.1:{port}", path, request)
        ours = ask(served.address, path, request)

    def predicted(answer):
        return next(output for output in answer["outputs"] if output["name"] == "predict")

    assert predicted(ours)["datatype"] == predicted(theirs)["datatype"] == "FP64"
    assert predicted(ours)["data"] == pytest.approx(predicted(theirs)["data"], rel=1e-12)
