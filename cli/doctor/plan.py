"""The deployment that is planned, and the calls to AWS that look at where it would go."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.aws.refusals import FAILURES, explain, is_denied
from cli.findings import Finding, Status
from evergreen import names
from infra.environments import Environment

# Seconds. A call that is not answered is tried once more: what is not there should be known soon.
_CONNECT, _READ = 4, 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    Attributes:
        region: that the stack is deployed to, the environment's own or another.
        embedded: whether it goes to the embedded cloud.
    """

    environment: Environment
    region: str
    settings_file: Path
    embedded: bool

    @property
    def stack(self) -> str:
        return names.stack_name(self.environment.name)

    @property
    def deploy(self) -> str:
        """The command that deploys it."""
        where = f" -c region={self.region}" if self.region != self.environment.region else ""
        what = f" -c settings={self.settings_file}" if self.settings_file != Path("model.toml") else ""
        return f"cdk deploy {self.stack}{where}{what}"

    @property
    def destroy(self) -> str:
        return f"evergreen destroy -e {self.environment.name}{' --local' if self.embedded else ''}"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whose credentials they are, as STS says."""

    arn: str
    account: str

    @property
    def partition(self) -> str:
        """ "aws", "aws-cn" or "aws-us-gov"."""
        return self.arn.split(":")[1]


class Clients:
    """Makes clients of one region that give up soon, for checks in several threads."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._session: Any = None

    def __call__(self, service: str) -> Any:
        """
        Raises:
            BotoCoreError: the profile does not exist, or cannot be read.
        """
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT, read_timeout=_READ, retries={"mode": "standard", "total_max_attempts": 2}
        )
        # A session makes clients for one thread at a time; the clients themselves may be shared.
        with self._lock:
            self._session = self._session or boto3.Session(region_name=self._region)
            return self._session.client(service, config=config)


def unanswered(check: str, error: Exception) -> Finding:
    """A check that could not be made since a call failed; what it looks at may be all right."""
    if not isinstance(error, FAILURES):
        return Finding(check=check, status=Status.SKIPPED, found=str(error))
    refusal = explain(error)
    remedy = refusal.remedy
    # Of what only a doctor asks, the stack's policy for users has nothing.
    if isinstance(error, ClientError) and is_denied(error):
        remedy = f"allow {refusal.action} to have this looked at"
    return Finding(check=check, status=Status.SKIPPED, found=refusal.what, remedy=remedy)


def code_of(error: ClientError) -> str:
    """AWS's code of the error, as "ValidationError"."""
    return str(error.response["Error"]["Code"])
