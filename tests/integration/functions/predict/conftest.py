"""The predict function in this process, and S3 as a server that its reader can reach."""

import dataclasses
import importlib
import json
import sys
from types import SimpleNamespace

import boto3
import pytest

from evergreen import names
from evergreen.versions.bundle import ServableModel
from functions.predict import models as models_module
from functions.predict.records import LogPolicy
from functions.predict.s3 import Bucket
from tests.integration.functions.predict.serving import CONTEXT, CONTRACT, SECRETS, FakeModels, SmallOrLarge


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls the handler; returns the answer's status, headers and body, and the JSON lines that it printed."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", names.METRIC_SERVICE)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", names.metric_namespace("dev"))
    module = importlib.reload(importlib.import_module("functions.predict.handler"))

    def _call(
        body=None, *, path="/predict", method="POST", models=None, policy=None, store=None, parse=True, **changes
    ):
        fake = models or FakeModels()
        monkeypatch.setattr(module, "feature_store", lambda: store)
        monkeypatch.setattr(module, "models", lambda: fake)
        monkeypatch.setattr(module, "log_policy", lambda: policy or LogPolicy(1.0, frozenset()))
        event = {
            "version": "2.0",
            "routeKey": f"{method} {path}",
            "rawPath": path,
            "headers": {"content-type": "application/json"},
            "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
            **changes,
        }
        capsys.readouterr()
        # Powertools keeps the stream of the first test, which pytest has closed since.
        module.logger.registered_handler.stream = sys.stdout
        answer = module.handler(event, CONTEXT)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        content_type = answer["headers"]["Content-Type"]
        return SimpleNamespace(
            status=answer["statusCode"],
            content_type=content_type,
            headers=answer["headers"],
            text=answer["body"],
            body=json.loads(answer["body"]) if parse else None,
            logs=[line for line in lines if "_aws" not in line],
            metrics=next((line for line in lines if "_aws" in line), None),
        )

    return _call


@pytest.fixture
def classifier():
    contract = dataclasses.replace(CONTRACT, task="classification", classes=("large", "small"))
    return FakeModels(model=ServableModel(contract, SmallOrLarge()))


@pytest.fixture
def s3(moto_server):
    client = boto3.client(
        "s3", endpoint_url=moto_server, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    client.create_bucket(Bucket="models")
    yield client
    for item in client.list_objects_v2(Bucket="models").get("Contents", []):
        client.delete_object(Bucket="models", Key=item["Key"])
    client.delete_bucket(Bucket="models")


@pytest.fixture
def bucket(moto_server):
    return Bucket("models", environment={**SECRETS, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": moto_server})


@pytest.fixture
def clock(monkeypatch):
    """The time that Models sees; tests move it instead of waiting."""
    now = [1000.0]
    monkeypatch.setattr(models_module.time, "monotonic", lambda: now[0])
    return now
