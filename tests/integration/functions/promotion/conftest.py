"""The model bucket in moto, and a real MLflow registry on sqlite."""

import pytest

from evergreen import names
from tests.integration.functions.promotion.candidates import BUCKET, NAME, Candidates


@pytest.fixture
def s3(model_bucket, mlflow_database, tmp_path):
    with model_bucket(BUCKET, NAME, {names.TRACKING_URI: mlflow_database(tmp_path / "mlflow.db")}) as client:
        yield client


@pytest.fixture
def registry(s3, tmp_path):  # noqa: ARG001 - the registry's address is set there
    """With a run and two versions of the model."""
    from mlflow import MlflowClient

    client = MlflowClient()
    client.create_experiment(NAME, artifact_location=str(tmp_path / "artifacts"))
    client.create_registered_model(NAME)
    for _ in range(2):
        client.create_model_version(NAME, source="file:///nothing")
    return client


@pytest.fixture
def candidates(s3, registry):
    return Candidates(s3, registry)
