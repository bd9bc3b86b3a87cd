"""SageMaker training jobs in the embedded cloud: the container's contract, the role, the ways to end, and their API."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.integration.local.jobs import training

_TRAIN = """
import argparse, json, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
parser.add_argument("--label")
arguments = parser.parse_args()
rows = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "rows.csv").read_text()
print("training on", rows.strip())
document = {"depth": arguments.depth, "label": arguments.label, "rows": rows, "hps": json.loads(os.environ["SM_HPS"]),
            "job": os.environ["TRAINING_JOB_NAME"], "channels": json.loads(os.environ["SM_CHANNELS"])}
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps(document))
"""


def log_of(aws, job):
    group = "/aws/sagemaker/TrainingJobs"
    found = aws.client("logs").filter_log_events(logGroupName=group, logStreamNamePrefix=job["TrainingJobName"])
    return "\n".join(event["message"] for event in found["events"])


def test_a_training_job_gets_its_channels_and_hyperparameters_and_leaves_a_model(aws, store, train):
    job = train(
        _TRAIN,
        hyperparameters={"depth": "3", "label": json.dumps("deep tree")},
        OutputDataConfig={"S3OutputPath": f"s3://{store}/models", "CompressionType": "NONE"},
    )
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    name = job["TrainingJobName"]
    artifacts = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifacts == f"s3://{store}/models/{name}/output/model/"
    model = aws.client("s3").get_object(Bucket=store, Key=f"models/{name}/output/model/model.json")
    assert json.loads(model["Body"].read()) == {
        "depth": 3,
        "label": "deep tree",
        "rows": "1,2\n",
        "hps": {"depth": 3, "label": "deep tree"},
        "job": name,
        "channels": ["train"],
    }
    phases = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert phases == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert "training on 1,2" in aws.messages("/aws/sagemaker/TrainingJobs")


def test_a_model_is_one_archive_unless_the_request_says_otherwise(aws, store, train):
    job = train(_TRAIN, hyperparameters={"depth": "3", "label": "x"})
    key = f"models/{job['TrainingJobName']}/output/model.tar.gz"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{store}/{key}"
    assert aws.client("s3").head_object(Bucket=store, Key=key)["ContentLength"] > 0


def test_the_reason_of_a_failed_training_job_is_what_the_older_toolkit_writes_over_the_failure_file(train):
    job = train(
        "import os, pathlib, sys\n"
        "pathlib.Path(os.environ['SM_OUTPUT_DIR'], 'failure').write_text('column price is missing')\n"
        "sys.exit(3)"
    )
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: framework error: ")
    assert "ExecuteUserScriptError" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 3")
    assert "column price is missing" not in job["FailureReason"]


def test_a_training_job_that_runs_too_long_is_stopped(train):
    job = train("import time\ntime.sleep(60)", seconds=1)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert "ModelArtifacts" not in job


def test_stopping_a_training_job_ends_its_process(aws, store, role, eventually):
    sagemaker = aws.client("sagemaker")
    request = training(aws, store, role, "import time\nprint('asleep', flush=True)\ntime.sleep(60)")
    name = sagemaker.create_training_job(**request)["TrainingJobArn"].rsplit("/", 1)[-1]
    describe = lambda: sagemaker.describe_training_job(TrainingJobName=name)  # noqa: E731
    eventually(lambda: describe()["SecondaryStatus"] == "Training")
    sagemaker.stop_training_job(TrainingJobName=name)
    eventually(lambda: describe()["TrainingJobStatus"] == "Stopped")
    with pytest.raises(ClientError, match="the job is Stopped"):
        sagemaker.stop_training_job(TrainingJobName=name)


def test_a_role_without_a_grant_makes_the_job_fail(aws, store, train):
    denied = aws.role({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{store}"})
    job = train(_TRAIN, RoleArn=denied)
    assert job["TrainingJobStatus"] == "Failed"
    assert "Data download failed" in job["FailureReason"]
    assert "403" in job["FailureReason"]


def test_the_job_itself_has_the_rights_of_its_role_only(aws, train):
    job = train(
        "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])\nboto3.client('s3').list_buckets()"
    )
    assert job["TrainingJobStatus"] == "Failed"
    assert "AccessDenied" in log_of(aws, job)


def test_a_job_does_not_see_this_repository(aws, train):
    job = train("import training")
    assert "No module named 'training'" in log_of(aws, job)


def test_a_job_name_is_held_against_the_pattern_of_the_service(aws, store, role):
    request = training(aws, store, role, "pass", TrainingJobName="uuid_uuid")
    with pytest.raises(ClientError, match="failed to satisfy constraint: Member must satisfy regular") as caught:
        aws.client("sagemaker").create_training_job(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_job_name_is_taken_once(aws, store, role):
    request = training(aws, store, role, "pass")
    aws.client("sagemaker").create_training_job(**request)
    with pytest.raises(ClientError, match="Job name must be unique") as caught:
        aws.client("sagemaker").create_training_job(**request)
    assert caught.value.response["Error"]["Code"] == "ResourceInUse"


def test_a_job_of_a_role_that_does_not_exist_is_refused(aws, store):
    request = training(aws, store, "arn:aws:iam::000000000000:role/nobody", "pass")
    with pytest.raises(ClientError, match="Could not assume role"):
        aws.client("sagemaker").create_training_job(**request)


def test_jobs_are_listed_and_tagged(aws, store, role):
    sagemaker = aws.client("sagemaker")
    request = training(aws, store, role, "pass", Tags=[{"Key": "project", "Value": "evergreen"}])
    arn = sagemaker.create_training_job(**request)["TrainingJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "run", "Value": "7"}])
    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    assert tags == {"project": "evergreen", "run": "7"}
    listed = sagemaker.list_training_jobs(NameContains=request["TrainingJobName"])["TrainingJobSummaries"]
    assert [summary["TrainingJobArn"] for summary in listed] == [arn]


def test_the_policy_of_a_caller_is_held_against_the_arn_of_the_job(aws):
    role = aws.role({"Effect": "Allow", "Action": "sagemaker:DescribeTrainingJob", "Resource": "*:training-job/mine-*"})
    sagemaker = aws.as_caller(**aws.session_of(role))("sagemaker")
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.describe_training_job(TrainingJobName="mine-1")
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:DescribeTrainingJob"):
        sagemaker.describe_training_job(TrainingJobName="theirs-1")
