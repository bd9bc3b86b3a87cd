"""These tests run with a Python that has Feast: `make test`, or .venv-features/bin/python -O -m pytest tests/feast."""

import importlib.util

import botocore.client
import pytest
from moto import mock_aws

collect_ignore_glob = [] if importlib.util.find_spec("feast") else ["test_*.py"]


@pytest.fixture(autouse=True)
def _account(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.fixture
def online(tmp_path):
    # Not imported above, where the project's own Python would fail.
    from tests.feast.online import Online

    with mock_aws():
        yield Online(tmp_path)


@pytest.fixture
def calls(monkeypatch):
    """The names of DynamoDB's calls."""
    found, call = [], botocore.client.BaseClient._make_api_call

    def recorded(self, operation, parameters):
        found.append(operation)
        return call(self, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", recorded)
    return found
