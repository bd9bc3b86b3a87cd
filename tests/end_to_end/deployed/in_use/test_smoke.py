"""evergreen smoke against the deployed stack: what it finds, what it misses nothing of, and what it leaves behind."""

import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from cli.aws.target import Target
from cli.findings import Status
from cli.smoke import champion, on_aws
from cli.smoke.differences import ENCRYPTION, GATEWAY, ROLES, SIGNATURES
from cli.smoke.predictions import ROWS
from cli.smoke.run import smoke
from evergreen import names
from evergreen.captures.records import ROWS_OF, Faults, read_records
from tests.end_to_end.workflow import physical_names

# Other tests of this cloud make alarms fire.
OF_OTHERS = {"alarms"}


def run(target, *, wait=None):
    """The findings by their check."""
    findings = smoke(target, wait=wait, tell=lambda _finding: None, progress=lambda _words: None)
    return {finding.check: finding for finding in findings}


def checks(findings, status):
    return {check for check, finding in findings.items() if finding.status == status}


def captured(target):
    """The ids of all captured predictions and labels."""
    s3, bucket = target.client("s3"), target.outputs[names.OUTPUT_CAPTURE_BUCKET]
    ids = set()
    for prefix, rows in ROWS_OF.items():
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                content = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
                ids |= {row["prediction_id"] for record in read_records(content, "", Faults()) for row in record[rows]}
    return ids


def changed(target, **outputs):
    """The same stack with other outputs."""
    everything = {**target.outputs, **outputs}
    return SimpleNamespace(
        environment="dev", embedded=True, session=target.session, client=target.client, outputs=everything
    )


def test_the_deployed_stack_passes_and_nothing_is_left_behind(trained):
    target = trained.target
    model, bucket = target.client("s3"), target.outputs[names.OUTPUT_MODEL_BUCKET]
    versions = lambda: [  # noqa: E731
        item["VersionId"] for item in model.list_object_versions(Bucket=bucket)["Versions"]
    ]
    before, objects = captured(target), versions()
    findings = run(target)

    assert checks(findings, Status.FAILED) <= OF_OTHERS, findings
    assert "to the last bit" in findings["exactness"].found
    assert f"{ROWS} of {ROWS} as sent" in findings["predictions captured"].found
    assert "with the same digest" in findings["MLflow"].found
    assert f"{ROWS} predictions and 1 label" in findings["removal"].found
    assert captured(target) == before
    assert versions() == objects


def test_a_pointer_that_the_endpoint_does_not_follow_is_found(trained, monkeypatch):
    target = trained.target
    s3, bucket = target.client("s3"), target.outputs[names.OUTPUT_MODEL_BUCKET]
    key = names.champion_key(target.outputs[names.OUTPUT_MODEL_NAME])
    pointer = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    s3.create_bucket(Bucket="copy-of-the-models")
    s3.put_bucket_versioning(Bucket="copy-of-the-models", VersioningConfiguration={"Status": "Enabled"})
    for item in s3.list_objects_v2(Bucket=bucket, Prefix=pointer["bundle"])["Contents"]:
        source = {"Bucket": bucket, "Key": item["Key"]}
        s3.copy_object(Bucket="copy-of-the-models", Key=item["Key"], CopySource=source)
    wrong = json.dumps({**pointer, "version": "20261124-000000-0000"}).encode()
    s3.put_object(Bucket="copy-of-the-models", Key=key, Body=wrong)
    monkeypatch.setattr(champion, "_PATIENCE", 1)

    findings = run(changed(target, **{names.OUTPUT_MODEL_BUCKET: "copy-of-the-models"}))

    assert {"model", "MLflow"} <= checks(findings, Status.FAILED)
    assert "the pointer says 20261124-000000-0000" in findings["model"].found
    assert findings["predict"].status == Status.SKIPPED


@contextmanager
def without_subscription(trained, kind):
    """With records of a kind not handed to Firehose."""
    logs = trained.target.client("logs")
    group = physical_names(trained, ("AWS::Logs::LogGroup",))["Prediction/Predict/Log"]
    (found,) = logs.describe_subscription_filters(logGroupName=group, filterNamePrefix=kind)["subscriptionFilters"]
    logs.delete_subscription_filter(logGroupName=group, filterName=kind)
    try:
        yield
    finally:
        given = ("logGroupName", "filterName", "filterPattern", "destinationArn", "roleArn")
        logs.put_subscription_filter(**{name: found[name] for name in given})


def test_records_that_are_not_handed_on_are_missed_and_named(trained):
    before = captured(trained.target)
    with without_subscription(trained, names.RECORD_PREDICT):
        findings = run(trained.target, wait=8)

    assert checks(findings, Status.FAILED) - OF_OTHERS == {"predictions captured", "removal"}
    assert findings["label captured"].status == Status.OK
    assert "evergreen forget -e dev --local" in findings["removal"].remedy
    assert captured(trained.target) == before


def test_an_alarm_is_found_with_its_reason(trained):
    cloudwatch, name = trained.target.client("cloudwatch"), "evergreen-dev of a test"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Test",
        MetricName="NeverWritten",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test says so")
    try:
        findings = run(trained.target)
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])

    assert findings["alarms"].status == Status.FAILED
    assert "of a test" in findings["alarms"].found


@pytest.mark.usefixtures("trained")
def test_looked_at_as_if_it_were_aws_the_embedded_cloud_is_found_out(monkeypatch):
    monkeypatch.setattr(on_aws, "_ACCESS_LOG", 0)
    findings = run(Target("dev"), wait=30)

    assert checks(findings, Status.FAILED) <= OF_OTHERS
    kinder = {check for check in checks(findings, Status.WARNING) if check.startswith("AWS: ")}
    assert kinder == {f"AWS: {name}" for name in (ENCRYPTION, GATEWAY, ROLES, SIGNATURES)}
