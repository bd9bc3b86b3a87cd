"""The environments, as code: everything in which dev and prod differ."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Environment:
    """
    Attributes:
        region: explicit, since the training image's address differs per region.
        retention_days: of logs; one of the values that CloudWatch Logs knows.
        request_log_days: the same of the predict function's log. It holds the features of every prediction, as the
            captures do, but there nothing can be taken out of it.
        capture_days: after which captured predictions and labels are deleted.
        expire_days: after which prepared splits, which can be made again, are deleted.
        requests_per_second, burst: throttling of the endpoint.
        job_instance: of both jobs; a new account may need a quota for it.
        job_dollars_per_hour: of that instance in that region, by https://aws.amazon.com/sagemaker/ai/pricing/; what a
            renewal costs, and its ceiling, are computed by it.
        prepare_seconds, train_seconds: after which each job is stopped. How long an execution may last, and how long
            its lease holds, follows from the two.
        token_issuer: URL of an OpenID issuer whose tokens the endpoint accepts, instead of IAM signatures.
        token_audience: of those tokens; at least one.
    """

    name: str
    region: str
    retention_days: int
    request_log_days: int
    capture_days: int
    expire_days: int
    requests_per_second: int
    burst: int
    job_instance: str
    job_dollars_per_hour: float
    prepare_seconds: int
    train_seconds: int
    token_issuer: str | None = None
    token_audience: tuple[str, ...] = ()


ENVIRONMENTS = (
    Environment(
        name="dev",
        region="us-east-1",
        retention_days=14,
        request_log_days=7,
        capture_days=90,
        expire_days=30,
        requests_per_second=50,
        burst=100,
        job_instance="ml.m5.large",
        job_dollars_per_hour=0.115,
        prepare_seconds=1800,
        train_seconds=3600,
    ),
    Environment(
        name="prod",
        region="eu-central-1",
        retention_days=365,
        request_log_days=14,
        capture_days=365,
        expire_days=90,
        requests_per_second=500,
        burst=1000,
        job_instance="ml.m5.xlarge",
        job_dollars_per_hour=0.276,
        prepare_seconds=3600,
        train_seconds=3 * 3600,
    ),
)

# Regions without the MLflow App of SageMaker, by CloudFormation's schemas; there a deployment would fail half-way.
WITHOUT_MLFLOW_APP = frozenset(
    (
        *("af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-south-2"),
        *("ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"),
        *("ca-west-1", "cn-north-1", "cn-northwest-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1"),
        *("me-central-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1"),
    )
)
