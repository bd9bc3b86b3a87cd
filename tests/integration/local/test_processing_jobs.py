"""SageMaker processing jobs in the embedded cloud: inputs, outputs, and the ways to end."""

import json

import pytest

from tests.integration.account import Account
from tests.integration.local.jobs import processing


def listed(store, manifest):
    """The input of a processing job that reads what a manifest lists."""
    place = {"S3Uri": f"s3://{store}/{manifest}", "LocalPath": "/opt/ml/processing/data", "S3InputMode": "File"}
    return {"InputName": "data", "S3Input": {**place, "S3DataType": "ManifestFile"}}


def with_code(aws, store, source, *inputs):
    code = processing(aws, store, "", source)["ProcessingInputs"][0]
    return [code, *inputs]


def test_a_processing_job_reads_its_inputs_and_uploads_its_outputs(aws, store, process):
    job = process(
        "import os, pathlib\n"
        "base = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'], 'processing')\n"
        "rows = (base / 'data' / 'rows.csv').read_text()\n"
        "assert (base.parent / 'config' / 'processingjobconfig.json').is_file()\n"
        "target = pathlib.Path(os.environ['TARGET'])\n"
        "target.mkdir(parents=True)\n"
        "(target / 'rows.csv').write_text(rows * 2)\n",
        Environment={"TARGET": "/opt/ml/processing/sets/train"},
    )
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    body = aws.client("s3").get_object(Bucket=store, Key="prepared/train/rows.csv")["Body"].read()
    assert body == b"1,2\n1,2\n"


def test_a_processing_job_reads_the_objects_of_a_manifest_under_their_paths(aws, store, process):
    s3 = aws.client("s3")
    for key in ("objects/ab/cd", "objects/ef/gh", "objects/not/listed"):
        s3.put_object(Bucket=store, Key=key, Body=key.encode())
    manifest = [{"prefix": f"s3://{store}/objects/"}, "ab/cd", "ef/gh"]
    s3.put_object(Bucket=store, Key="two.manifest", Body=json.dumps(manifest).encode())
    source = (
        "import os, pathlib\n"
        "data = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'], 'processing', 'data')\n"
        "found = {path.relative_to(data).as_posix(): path.read_text() for path in data.rglob('*') if path.is_file()}\n"
        "assert found == {'ab/cd': 'objects/ab/cd', 'ef/gh': 'objects/ef/gh'}, found\n"
    )
    job = process(source, ProcessingInputs=with_code(aws, store, source, listed(store, "two.manifest")))
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")


def test_an_object_that_a_manifest_lists_and_nobody_stored_is_named(aws, store, process):
    manifest = [{"prefix": f"s3://{store}/objects/"}, "no/where"]
    aws.client("s3").put_object(Bucket=store, Key="missing.manifest", Body=json.dumps(manifest).encode())
    job = process("pass", ProcessingInputs=with_code(aws, store, "pass", listed(store, "missing.manifest")))
    assert job["ProcessingJobStatus"] == "Failed"
    assert f"s3://{store}/objects/no/where" in job["FailureReason"]


def test_a_failed_processing_job_says_why_in_its_exit_message_and_nothing_in_its_reason(process):
    job = process(
        "import os, pathlib, sys\n"
        "pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'], 'output', 'message').write_text('too few rows ' * 100)\n"
        "sys.exit(2)"
    )
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == (
        "Failed",
        "AlgorithmError: See job logs for more information",
    )
    # At most 1 KB: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html
    assert job["ExitMessage"] == ("too few rows " * 100)[:1024]


def test_a_processing_job_that_runs_too_long_is_stopped(process):
    job = process("import time\ntime.sleep(60)", seconds=1)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert job["FailureReason"].endswith("longer than 1 second")


def test_a_job_of_another_region_works_in_that_one(aws, store, role, eventually):
    elsewhere = Account(aws.cloud, region="eu-central-1")
    request = processing(elsewhere, store, role, "import os, sys\nsys.exit(os.environ['AWS_REGION'] != 'eu-central-1')")
    sagemaker = elsewhere.client("sagemaker")
    arn = sagemaker.create_processing_job(**request)["ProcessingJobArn"]
    name = request["ProcessingJobName"]
    status = lambda: sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"]  # noqa: E731
    eventually(lambda: status() != "InProgress")
    assert (status(), arn.split(":")[3]) == ("Completed", "eu-central-1")


@pytest.mark.parametrize("source", ["pass", "raise SystemExit(3)"])
def test_a_job_leaves_no_files_behind_however_it_ends(aws, process, source):
    job = process(source)

    assert not (aws.cloud.home / "jobs" / "processing" / job["ProcessingJobName"]).exists()
