"""The capture bucket in moto, and a stand-in for Evidently where its report does not matter."""

import importlib

import boto3
import pytest
from moto import mock_aws

from evergreen import names
from evergreen.monitoring import quality
from evergreen.monitoring.drift.comparison import measure
from functions import model_store
from functions.check_drift import drift
from tests.integration.functions.check_drift.checking import BUCKET, NAME, Captures
from tests.integration.functions.check_drift.deployed import Stack


class PlainMeasure:
    """Measures as Evidently does, which tests/unit/monitoring/drift/test_evidently.py proves, and draws nothing."""

    html = b"a report"

    def __init__(self, _rule):
        pass

    def __call__(self, *arguments):
        return measure(*arguments)


@pytest.fixture(scope="module")
def aws():
    """Moto, for a module: to start it takes longer than a test."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.setenv("AWS_ACCESS_KEY_ID", "x")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "y")
        # Inside, since it has credentials of its own, which would be left behind.
        with mock_aws():
            client = boto3.client("s3")
            client.create_bucket(Bucket=BUCKET)
            yield client


@pytest.fixture
def s3(aws):
    yield aws
    Captures(aws).clear()


@pytest.fixture
def captures(s3):
    return Captures(s3)


@pytest.fixture
def in_short(monkeypatch):
    """Without Evidently's report, and with a quarter of the resamples: they take longer than all the rest."""
    monkeypatch.setattr(drift, "EvidentlyMeasure", PlainMeasure)
    monkeypatch.setattr(quality, "_RESAMPLES", 100)


@pytest.fixture
def stack(s3, captures, monkeypatch, capsys):  # noqa: ARG001 - of the same bucket
    for name, value in {
        names.MODEL_BUCKET: BUCKET,
        names.MODEL_NAME: NAME,
        names.CAPTURE_BUCKET: BUCKET,
        names.PACKAGES_BUCKET: BUCKET,
        names.PACKAGES_KEY: "packages.zip",
        names.WINDOW_HOURS: "24",
        "POWERTOOLS_SERVICE_NAME": names.MONITORING_SERVICE,
        "POWERTOOLS_METRICS_NAMESPACE": names.metric_namespace("dev"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv(names.LOG_LEAVE_OUT, raising=False)
    module = importlib.reload(importlib.import_module("functions.check_drift.handler"))
    # They are installed here.
    monkeypatch.setattr(module, "add_packages", lambda *_, **__: None)
    model_store.model_store.cache_clear()
    yield Stack(s3, module, capsys)
    model_store.model_store.cache_clear()
