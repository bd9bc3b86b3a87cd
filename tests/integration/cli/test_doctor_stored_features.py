"""The doctor holds the definitions of features against what the version that serves was trained with."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.response import StreamingBody

from cli.doctor.stored_features import stored_features
from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.contract.feature import Feature
from evergreen.feature_store.described import read_description
from evergreen.versions.champion import Champion

STACK = "evergreen-dev"
POINTER = names.champion_key("houses")
OUTPUTS = {names.OUTPUT_MODEL_BUCKET: "models", names.OUTPUT_MODEL_NAME: "houses"}
SERVED = Champion(version="v7", bundle="models/houses/v7/", digest="0", promoted_at="2026-11-30")


@pytest.fixture
def with_features(plan, checkout):
    return replace(plan, settings_file=checkout / "features" / "model.toml")


@pytest.fixture
def defined(checkout):
    """The one view of the demo's definitions."""
    (view,) = read_description(checkout / "features", "city_market").views
    return view


@pytest.fixture
def account(recorded):
    """An account in which a version serves that takes the features of these views; None: there is no version."""

    def make(*views, outputs=OUTPUTS, serves=True):
        stack = {
            "StackName": STACK,
            "StackStatus": "CREATE_COMPLETE",
            "CreationTime": datetime(2026, 11, 30, tzinfo=UTC),
        }
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        recorded.answers("cloudformation", "describe_stacks", {"Stacks": [{**stack, "Outputs": listed}]})
        versions = [{"Key": POINTER, "VersionId": "1"}] if serves else []
        recorded.answers("s3", "list_object_versions", {"Versions": versions}, Bucket="models", Prefix=POINTER)
        if serves:
            taken = [
                Feature(name=each.name, type="number", missing_allowed=True) for view in views for each in view.features
            ]
            contract = Contract(task="regression", target="price", features=tuple(taken), stored=views)
            recorded.answers("s3", "get_object", body(SERVED.to_json()), Bucket="models", Key=POINTER, VersionId="1")
            key = f"{SERVED.bundle}contract.json"
            recorded.answers("s3", "get_object", body(contract.to_json()), Bucket="models", Key=key)
        return recorded

    return make


def body(content):
    return {"Body": StreamingBody(io.BytesIO(content), len(content))}


def test_a_version_that_keeps_what_it_takes_stands_in_no_ones_way(with_features, account, defined):
    (finding,) = stored_features(with_features, account(defined))

    assert finding.status == "ok"
    assert "v7" in finding.found


def test_a_deployment_that_would_change_it_is_refused_with_both_sides(with_features, account, defined):
    first, *others = defined.features
    (finding,) = stored_features(
        with_features, account(replace(defined, features=(replace(first, type="string"), *others)))
    )

    assert finding.status == "failed"
    assert f"{first.name} of the view city_market as {first.type}" in finding.found
    assert "v7, which serves" in finding.found
    assert "trained with string" in finding.found
    assert "another name beside it" in finding.remedy


def test_a_plan_without_a_feature_store_is_refused_while_a_version_takes_from_it(plan, account, defined):
    outputs = {**OUTPUTS, names.OUTPUT_FEATURE_PROJECT: "houses_dev"}
    (finding,) = stored_features(plan, account(defined, outputs=outputs))

    assert finding.status == "failed"
    assert "model.toml names no feature service" in finding.found
    assert "no view city_market" in finding.found


def test_before_the_first_version_nothing_needs_them(with_features, account):
    (finding,) = stored_features(with_features, account(serves=False))

    assert (finding.status, finding.found) == ("ok", "no version serves yet that would need them")


def test_before_the_first_deployment_too(with_features, recorded):
    recorded.refuses("cloudformation", "describe_stacks", "ValidationError", "does not exist")
    (finding,) = stored_features(with_features, recorded)

    assert finding.status == "ok"


def test_without_a_feature_store_nothing_is_read(plan, recorded):
    recorded.refuses("cloudformation", "describe_stacks", "ValidationError", "does not exist")
    (finding,) = stored_features(plan, recorded)

    assert finding.found.startswith("none")


def test_definitions_that_were_not_described_are_refused(with_features, recorded, monkeypatch, tmp_path, checkout):
    recorded.refuses("cloudformation", "describe_stacks", "ValidationError", "does not exist")
    description = json.loads((checkout / "features" / "service.json").read_text())
    (tmp_path / "service.json").write_text(json.dumps(description))
    (tmp_path / "texas.py").write_text("# others\n")
    monkeypatch.setattr("cli.feature_store.definitions.FOLDER", tmp_path)
    (finding,) = stored_features(with_features, recorded)

    assert (finding.status, finding.remedy) == ("failed", "evergreen features apply")
