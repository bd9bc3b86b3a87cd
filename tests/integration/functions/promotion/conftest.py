"""The model bucket in moto, and a real MLflow registry on sqlite."""

import boto3
import pytest
from moto import mock_aws

from evergreen import names
from functions import model_store
from tests.integration.functions.promotion.candidates import BUCKET, NAME, Candidates


@pytest.fixture
def s3(monkeypatch, tmp_path):
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        names.MODEL_BUCKET: BUCKET,
        names.MODEL_NAME: NAME,
        names.TRACKING_URI: f"sqlite:///{tmp_path}/mlflow.db",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        model_store.model_store.cache_clear()
        yield client
    model_store.model_store.cache_clear()


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
