"""Judge and Promote against S3 (moto) and a real MLflow registry (sqlite)."""

import json
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from evergreen import names, tracking
from evergreen.bundle import MODEL
from evergreen.champion import Champion
from evergreen.errors import BrokenBundle, PromotionConflict
from functions import model_store
from functions.judge import handler as judge
from functions.promote import handler as promote
from tests.bundles import constant_bundle

BUCKET, NAME = "models", "houses"
CONTEXT = SimpleNamespace(function_name="f", memory_limit_in_mb=1, invoked_function_arn="arn", aws_request_id="r")


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
def registry(s3):  # noqa: ARG001 - the registry's address is set there
    from mlflow import MlflowClient

    client = MlflowClient()
    client.create_registered_model(NAME)
    for _ in range(2):
        client.create_model_version(NAME, source="file:///nothing")
    return client


def put_bundle(s3, version: str, prediction: float, *, mlflow_version: str = "1") -> str:
    """Put a bundle where training would; returns its s3:// URI."""
    prefix = f"models/{NAME}/{version}/output/model/"
    for name, content in constant_bundle(prediction, mlflow_version=mlflow_version).items():
        s3.put_object(Bucket=BUCKET, Key=prefix + name, Body=content)
    return f"s3://{BUCKET}/{prefix}"


def judged(uri: str, version: str) -> dict:
    return judge.handler({"version": version, "bundle": uri}, CONTEXT)


def pointer(s3) -> Champion:
    return Champion.from_json(s3.get_object(Bucket=BUCKET, Key=names.champion_key(NAME))["Body"].read())


def test_a_first_candidate_is_judged_promoted_and_named_champion_in_mlflow(s3, registry):
    decision = judged(put_bundle(s3, "v1", 9.0), "v1")
    assert decision["promote"]

    promote.handler(decision, CONTEXT)

    assert pointer(s3).version == "v1"
    assert pointer(s3).digest == decision["digest"]
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 1


def test_the_decision_is_stored_beside_the_bundle_and_not_in_it(s3):
    decision = judged(put_bundle(s3, "v1", 9.0), "v1")

    stored = s3.get_object(Bucket=BUCKET, Key=f"models/{NAME}/v1/decision.json")["Body"].read()
    assert json.loads(stored) == decision


def test_a_later_champion_leaves_its_forerunner_as_previous(s3, registry):
    promote.handler(judged(put_bundle(s3, "v1", 8.0, mlflow_version="1"), "v1"), CONTEXT)
    decision = judged(put_bundle(s3, "v2", 9.0, mlflow_version="2"), "v2")
    assert decision["champion"] == "v1"

    promote.handler(decision, CONTEXT)

    assert pointer(s3).version == "v2"
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 2
    assert registry.get_model_version_by_alias(NAME, tracking.PREVIOUS).version == 1


def test_promoting_again_after_a_crash_changes_nothing_more(s3, registry):
    decision = judged(put_bundle(s3, "v1", 9.0), "v1")
    promote.handler(decision, CONTEXT)
    before = pointer(s3)

    promote.handler(decision, CONTEXT)

    assert pointer(s3) == before
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 1


def test_an_alias_that_a_crash_left_behind_is_moved_by_the_retry(s3, registry, monkeypatch):
    decision = judged(put_bundle(s3, "v1", 9.0), "v1")
    with monkeypatch.context() as broken:

        def down(*_):
            raise ConnectionError("MLflow is down")

        broken.setattr(tracking, "mark_champion", down)
        with pytest.raises(ConnectionError):
            promote.handler(decision, CONTEXT)

    promote.handler(decision, CONTEXT)
    assert registry.get_model_version_by_alias(NAME, tracking.CHAMPION).version == 1


@pytest.mark.usefixtures("registry")
def test_of_two_promotions_at_once_one_wins_and_the_other_changes_nothing(s3, monkeypatch):
    first = judged(put_bundle(s3, "v1", 8.0), "v1")
    second = judged(put_bundle(s3, "v2", 9.0), "v2")
    # The second has looked, and found no champion, before the first one writes.
    monkeypatch.setattr(model_store.ModelStore, "champion", lambda *_: None)
    promote.handler(first, CONTEXT)

    with pytest.raises(PromotionConflict, match="v2 was not promoted"):
        promote.handler(second, CONTEXT)
    assert pointer(s3).version == "v1"


@pytest.mark.usefixtures("registry")
def test_a_bundle_that_changed_after_it_was_judged_is_not_promoted(s3):
    decision = judged(put_bundle(s3, "v1", 9.0), "v1")
    put_bundle(s3, "v1", 9.5)

    with pytest.raises(BrokenBundle, match="changed since it was judged"):
        promote.handler(decision, CONTEXT)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="champions/")


def test_an_incomplete_bundle_is_named(s3):
    uri = put_bundle(s3, "v1", 9.0)
    s3.delete_object(Bucket=BUCKET, Key=f"models/{NAME}/v1/output/model/{MODEL}")

    with pytest.raises(BrokenBundle, match=r"model\.json does not exist"):
        judged(uri, "v1")


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize("uri", ["s3://elsewhere/models/houses/v1/", "file:///etc/passwd", "models/houses/v1"])
def test_a_bundle_outside_the_model_bucket_is_refused(uri):
    with pytest.raises(BrokenBundle, match="not in the model bucket"):
        judged(uri, "v1")
