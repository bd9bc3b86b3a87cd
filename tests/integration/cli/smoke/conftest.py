"""A stack in this process, and its MLflow."""

import mlflow
import pytest
from moto import mock_aws

from cli.smoke import champion, mlflow_version
from evergreen import names, tracking
from tests.integration.cli.smoke.fake_stack import BEFORE, MODEL_NAME, VERSION, FakeStack


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """MLflow with the version that is champion."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"
    client = mlflow.MlflowClient(uri)
    run = client.create_run(client.create_experiment(MODEL_NAME))
    client.create_registered_model(MODEL_NAME)
    client.create_model_version(MODEL_NAME, "file:///nowhere", run.info.run_id)
    client.set_model_version_tag(MODEL_NAME, "1", tracking.VERSION_TAG, VERSION)
    client.set_registered_model_alias(MODEL_NAME, tracking.CHAMPION, "1")
    return uri


@pytest.fixture
def stack(monkeypatch, registry):
    """A stack without a fault, whose champion is the second."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
        (names.TRACKING_URI, ""),
        *mlflow_version._EACH_TRY.items(),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(champion, "_PATIENCE", 0)
    monkeypatch.setattr(mlflow_version, "_PATIENCE", 0)
    with mock_aws():
        fake = FakeStack(monkeypatch, tracking_uri=registry)
        fake.promote(BEFORE)
        fake.promote()
        yield fake
