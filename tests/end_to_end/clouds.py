"""Deployed clouds, and this process as their client."""

import json
import os
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.aws.target import CHECKOUT, Target
from cli.training_run import TrainingRun
from local.cloud import EmbeddedCloud

# The PATH of a user of this checkout.
TOOLS = os.pathsep.join([str(Path(sys.executable).parent), str(CHECKOUT / "node_modules" / ".bin"), os.defpath])
# These of the caller's would win over the keys of the embedded cloud.
_CALLERS_OWN = ("AWS_PROFILE", "AWS_SESSION_TOKEN")


@dataclass(frozen=True)
class Deployed:
    """A running cloud and the stack in it."""

    embedded: EmbeddedCloud
    target: Target

    @property
    def template(self) -> Path:
        """What the CDK deployed."""
        return self.embedded.home / "cdk.out" / "evergreen-dev.template.json"

    def train(self, settings_file: Path = CHECKOUT / "model.toml") -> dict[str, Any]:
        """Judge's decision. Raises CommandFailed when the workflow fails."""
        run = TrainingRun(self.target, settings_file)
        return run.execute(run.upload(), lambda _state, _seconds: None, lambda _summary: None)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These variables in this process, for a while."""
    before = dict(os.environ)
    for name in _CALLERS_OWN:
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def person(target: Target, *policies: str) -> dict[str, str]:
    """The credentials of a new role, with managed policies or without."""
    iam, sts = target.client("iam"), target.client("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    name = f"person-{uuid.uuid4().hex[:8]}"
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for policy in policies:
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    given = sts.assume_role(RoleArn=role, RoleSessionName="person")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
