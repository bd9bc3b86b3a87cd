"""A bucket, a role and SageMaker jobs in the embedded cloud."""

import pytest

from tests.integration.local.jobs import processing, training


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


@pytest.fixture
def to_its_end(aws, eventually):
    """Runs a job, "Training" or "Processing", to its end; returns its description."""

    def run(kind, request):
        sagemaker, name = aws.client("sagemaker"), f"{kind}JobName"
        getattr(sagemaker, f"create_{kind.lower()}_job")(**request)
        describe_job = getattr(sagemaker, f"describe_{kind.lower()}_job")
        describe = lambda: describe_job(**{name: request[name]})  # noqa: E731
        eventually(lambda: describe()[f"{kind}JobStatus"] not in ("InProgress", "Stopping"))
        return describe()

    return run


@pytest.fixture
def train(aws, store, role, to_its_end):
    """Runs a training job of one module to its end; returns its description."""
    return lambda source, **changes: to_its_end("Training", training(aws, store, role, source, **changes))


@pytest.fixture
def process(aws, store, role, to_its_end):
    """Runs a processing job of one module to its end; returns its description."""
    return lambda source, **changes: to_its_end("Processing", processing(aws, store, role, source, **changes))
