"""What a kept cloud was deployed from, and whether that has changed since."""

import ast

import boto3
import pytest
from moto import mock_aws

from cli.aws.target import CHECKOUT
from cli.deployed import SECTIONS, DeployedFrom, digest, made_at

MODEL = (CHECKOUT / "model.toml").read_text()


@pytest.fixture
def digest_of(tmp_path):
    def digest_of(text):
        file = tmp_path / "model.toml"
        file.write_text(text)
        return digest(file)

    return digest_of


def test_what_is_in_the_template_is_deployed_again_and_what_is_not_is_not(digest_of, monkeypatch):
    before = digest_of(MODEL)

    assert digest_of(MODEL) == before
    assert digest_of(MODEL.replace("max_iter = 200", "max_iter = 201")) == before, "the fit is not in the template"
    assert digest_of(MODEL.replace("texas-house-prices", "other-prices")) != before
    monkeypatch.setenv("EVERGREEN_ALARM_EMAIL", "us@example.com")
    assert digest_of(MODEL) != before


def test_a_new_virtual_environment_is_deployed_again_since_functions_link_to_its_packages(digest_of, monkeypatch):
    before = digest_of(MODEL)
    monkeypatch.setattr("cli.deployed.made_at", lambda: made_at() + 1)
    assert digest_of(MODEL) != before


def test_the_sections_are_those_that_the_template_takes():
    [function] = [
        node
        for node in ast.parse((CHECKOUT / "app.py").read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "of_the_stack"
    ]
    taken = {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings"
    }
    assert taken == set(SECTIONS)


def test_the_record_is_in_the_cloud(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        ssm = boto3.client("ssm", region_name="us-east-1")
        record = DeployedFrom(ssm)
        assert record.read() is None
        assert not record.is_bootstrapped()

        for found in ("1", "2"):
            record.write(found)
        ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")

        assert record.read() == "2"
        assert record.is_bootstrapped()
