"""Deployed clouds, and this process as their client."""

import os
import sys
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
