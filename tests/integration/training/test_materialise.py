"""The job that writes stored features online: what it keeps for the next run, and what it says of this one."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from evergreen import names
from evergreen.errors import InvalidFeatures
from training import feast_process, materialise

PROJECT = "houses_dev"
# What a run finds of the one before.
KEPT = {"online.json", "registry.db", "registry.db.version", "compared.json"}
PREFIX = f"{names.REGISTRY_PREFIX}{PROJECT}/"


@pytest.fixture(autouse=True)
def _job(monkeypatch, tmp_path, checkout):
    """The job's environment, in the unpacked archive."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        names.FEATURE_PROJECT: PROJECT,
        names.DATA_BUCKET: "data",
        names.CAPTURE_BUCKET: "captures",
        names.FEATURES_EVERY_HOURS: "24",
        names.METRIC_NAMESPACE: "Evergreen/dev",
        "SAGEMAKER_BASE_DIR": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(checkout)
    with mock_aws():
        for bucket in ("data", "captures"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        yield


def feast(monkeypatch, *, rows, fails=False):
    """A run of Feast's process that has written so many rows; returns what it found of earlier runs."""
    found = {}

    def run(module, *arguments):
        words = dict(zip(arguments[::2], arguments[1::2], strict=True))
        if module == "skew":
            compared = {"differences": 0, "late": 0}
            Path(words["--result"]).write_text(json.dumps({**compared, "named": [], "views": {"market": compared}}))
            return
        assert module == "materialise"
        state, registry = Path(words["--state"]), Path(words["--registry"])
        found.update({file.name: file.read_text() for file in state.parent.iterdir()})
        state.write_text(f"{rows} rows")
        registry.write_text("registry")
        Path(f"{registry}.version").write_text("0.67.0")
        if fails:
            raise InvalidFeatures("view 'market' has no history")
        view = {"rows": rows, "refused": 0, "ahead": 0, "whole": True, "lag_seconds": 7200.0, "seconds": 1.0}
        result = {"at": "2026-01-01T00:00:00+00:00", "views": {"market": view}}
        Path(words["--result"]).write_text(json.dumps(result))

    monkeypatch.setattr(feast_process, "run", run)
    return found


def kept():
    s3 = boto3.client("s3")
    listed = s3.list_objects_v2(Bucket="data", Prefix=PREFIX).get("Contents", [])
    return {
        each["Key"].removeprefix(PREFIX): s3.get_object(Bucket="data", Key=each["Key"])["Body"].read().decode()
        for each in listed
    }


def test_what_one_run_has_kept_the_next_one_finds(monkeypatch):
    assert feast(monkeypatch, rows=1) == {}
    materialise.main()
    assert set(kept()) == {*KEPT, names.MATERIALISED}
    found = feast(monkeypatch, rows=0)
    materialise.main()
    assert set(found) == KEPT
    assert found["online.json"] == "1 rows"


def test_a_run_that_fails_keeps_what_was_written_and_not_the_result_of_another(monkeypatch):
    feast(monkeypatch, rows=1)
    materialise.main()
    before = kept()
    feast(monkeypatch, rows=5, fails=True)
    with pytest.raises(InvalidFeatures, match="has no history"):
        materialise.main()
    assert kept() == {**before, "online.json": "5 rows"}


def test_predictions_whose_skew_could_not_be_told_are_compared_again(monkeypatch):
    feast(monkeypatch, rows=1)
    hours, asked = itertools.count(1), []

    def fetch(_s3, _bucket, _folder, *, since):
        asked.append(since)
        return datetime(2026, 1, 1, next(hours), tzinfo=UTC)

    monkeypatch.setattr(materialise.new_captures, "fetch", fetch)
    materialise.main()
    with monkeypatch.context() as broken:
        broken.setattr(materialise, "tell_skew", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            materialise.main()
    materialise.main()
    materialise.main()

    assert [since.hour if since else None for since in asked] == [None, 1, 1, 3]


def test_what_others_have_put_beside_it_is_left_alone(monkeypatch):
    for key in (PREFIX, f"{PREFIX}copies/online.json"):
        boto3.client("s3").put_object(Bucket="data", Key=key, Body=b"")
    assert feast(monkeypatch, rows=1) == {}
    materialise.main()
    assert kept()["online.json"] == "1 rows"


def test_rows_and_age_of_each_view_are_metrics(monkeypatch):
    feast(monkeypatch, rows=12)
    materialise.main()
    listed = boto3.client("cloudwatch").list_metrics(Namespace="Evergreen/dev")["Metrics"]
    assert {each["MetricName"] for each in listed} == {
        *(names.FEATURE_ROWS_WRITTEN, names.FEATURE_LAG_SECONDS, names.FEATURE_SKEW, names.FEATURES_LATE)
    }
    assert {dimension["Value"] for each in listed for dimension in each["Dimensions"]} == {"features", "market"}
