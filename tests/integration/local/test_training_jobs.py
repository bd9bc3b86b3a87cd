"""SageMaker jobs in the embedded cloud: the container's contract, the role, the ways to end."""

import json

import pytest
from botocore.exceptions import ClientError

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


@pytest.fixture(scope="module")
def store(aws):
    bucket = aws.bucket()
    aws.client("s3").put_object(Bucket=bucket, Key="data/v1/rows.csv", Body=b"1,2\n")
    return bucket


@pytest.fixture(scope="module")
def role(aws, store):
    buckets = [f"arn:aws:s3:::{store}", f"arn:aws:s3:::{store}/*"]
    return aws.role(
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "Resource": buckets}
    )


def training(aws, store, role, source, *, hyperparameters=None, seconds=60, **changes):
    return {
        "TrainingJobName": aws.name("train"),
        "AlgorithmSpecification": {"TrainingImage": "an/image:1", "TrainingInputMode": "File"},
        "RoleArn": role,
        "HyperParameters": {
            "sagemaker_program": json.dumps("train.py"),
            "sagemaker_submit_directory": json.dumps(aws.source_archive(store, train=source)),
            **(hyperparameters or {}),
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{store}/data/v1/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{store}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        **changes,
    }


def processing(aws, store, role, source, *, seconds=60, **changes):
    uri = aws.source_archive(store, prepare=source)
    unpack = "mkdir -p /opt/ml/code && tar -xzf /opt/ml/processing/code/*.tar.gz -C /opt/ml/code"
    return {
        "ProcessingJobName": aws.name("process"),
        "RoleArn": role,
        "AppSpecification": {
            "ImageUri": "an/image:1",
            "ContainerEntrypoint": ["bash", "-c", f"{unpack} && exec python /opt/ml/code/prepare.py"],
        },
        "ProcessingInputs": [
            {
                "InputName": name,
                "S3Input": {
                    "S3Uri": address,
                    "LocalPath": f"/opt/ml/processing/{name}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for name, address in (("code", uri), ("data", f"https://s3.us-east-1.amazonaws.com/{store}/data/v1"))
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "sets",
                    "S3Output": {
                        "S3Uri": f"s3://{store}/prepared",
                        "LocalPath": "/opt/ml/processing/sets",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
        **changes,
    }


@pytest.fixture
def train(aws, store, role, eventually):
    """Run a training job to its end; the description of it."""

    def run(source, **changes):
        request = training(aws, store, role, source, **changes)
        sagemaker = aws.client("sagemaker")
        sagemaker.create_training_job(**request)
        describe = lambda: sagemaker.describe_training_job(TrainingJobName=request["TrainingJobName"])  # noqa: E731
        eventually(lambda: describe()["TrainingJobStatus"] not in ("InProgress", "Stopping"))
        return describe()

    return run


@pytest.fixture
def process(aws, store, role, eventually):
    """Run a processing job to its end; the description of it."""

    def run(source, **changes):
        request = processing(aws, store, role, source, **changes)
        sagemaker = aws.client("sagemaker")
        sagemaker.create_processing_job(**request)
        describe = lambda: sagemaker.describe_processing_job(ProcessingJobName=request["ProcessingJobName"])  # noqa: E731
        eventually(lambda: describe()["ProcessingJobStatus"] not in ("InProgress", "Stopping"))
        return describe()

    return run


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


def test_the_failure_file_is_the_reason_of_a_failed_training_job(train):
    job = train(
        "import os, pathlib, sys\n"
        "pathlib.Path(os.environ['SM_OUTPUT_DIR'], 'failure').write_text('column price is missing')\n"
        "sys.exit(3)"
    )
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: column price is missing, exit code: 3"


def test_without_a_failure_file_the_reason_is_the_end_of_the_log(train):
    job = train("print('before')\nraise ValueError('no rows')")
    assert job["FailureReason"].endswith("ValueError: no rows, exit code: 1")


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


def test_the_job_itself_has_the_rights_of_its_role_only(train):
    job = train(
        "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])\nboto3.client('s3').list_buckets()"
    )
    assert job["TrainingJobStatus"] == "Failed"
    assert "AccessDenied" in job["FailureReason"]


def test_a_job_does_not_see_this_repository(train):
    job = train("import training")
    assert "No module named 'training'" in job["FailureReason"]


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


def listed(store, manifest):
    """The input of a processing job that reads what a manifest lists."""
    place = {"S3Uri": f"s3://{store}/{manifest}", "LocalPath": "/opt/ml/processing/data", "S3InputMode": "File"}
    return {"InputName": "data", "S3Input": {**place, "S3DataType": "ManifestFile"}}


def with_code(aws, store, source, *inputs):
    code = processing(aws, store, "", source)["ProcessingInputs"][0]
    return [code, *inputs]


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


def test_the_message_file_is_the_reason_of_a_failed_processing_job(process):
    job = process(
        "import os, pathlib, sys\n"
        "pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'], 'output', 'message').write_text('too few rows')\n"
        "sys.exit(2)"
    )
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == (
        "Failed",
        "AlgorithmError: too few rows, exit code: 2",
    )


def test_a_processing_job_that_runs_too_long_is_stopped(process):
    job = process("import time\ntime.sleep(60)", seconds=1)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "longer than 1 seconds" in job["FailureReason"]


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
