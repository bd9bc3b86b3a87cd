"""What the training state machine refers to."""

from collections.abc import Mapping
from dataclasses import dataclass

from evergreen import names


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Names, ARNs and URIs, as text or as CloudFormation tokens.

    Attributes:
        prepare_source_uri: of the archive of processing jobs, which has Feast if the stack has a feature store.
        features: whether it has.
        tracking: environment variables of a job that logs to MLflow.
        chat: whether messages have the form of chat tools.
        prepare_seconds, train_seconds: after which each job is stopped.
    """

    environment: str
    model_name: str
    image: str
    source_uri: str
    prepare_source_uri: str
    features: bool
    data_bucket: str
    model_bucket: str
    prepare_role: str
    train_role: str
    lease_function: str
    judge_function: str
    promote_function: str
    topic: str
    chat: bool
    tracking: Mapping[str, str]
    region: str
    job_instance: str
    prepare_seconds: int
    train_seconds: int


def job_prefix(environment: str) -> str:
    """What the names of an environment's jobs begin with; policies are limited to it."""
    return f"{names.stack_name(environment)}-"


def training_jobs(environment: str) -> str:
    """The names of an environment's training jobs as an IAM resource names them: the version, redrives and retries.

    Question marks, since a star would cover slashes too, and with them what lies in a job's folder.
    """
    return f"{job_prefix(environment)}{'?' * 8}-{'?' * 6}-{'?' * 4}-train-??"
