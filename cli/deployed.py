"""What the stack in a kept cloud was deployed from, so that it is deployed again only if that has changed.

It is recorded in the cloud itself, as a parameter: so a cloud that comes back as of an earlier save has the record of
what is deployed there.
"""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.aws.target import CHECKOUT
from evergreen.settings.model_toml import read_settings

PARAMETER = "/evergreen/deployed-from"
# `cdk bootstrap` writes it, and `cdk deploy` reads it.
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
# All that a synth reads of the checkout, and the tools that it runs with.
_FILES = ("app.py", "cdk.json", "requirements.txt", "package-lock.json")
_FOLDERS = ("evergreen", "functions", "infra", "training")
# The sections of model.toml that are in the template, see app.py. A change of the others needs no deployment.
SECTIONS = ("name", "metric", "endpoint", "alarms", "log", "drift", "notifications", "renewal", "features", "tracking")
# What app.py reads of the environment, besides what the embedded cloud sets.
_VARIABLES = ("EVERGREEN_ALARM_EMAIL",)


def digest(model_toml: Path) -> str:
    """SHA-256 over all that the template and the packages of functions and jobs are made from.

    Raises:
        InvalidSettings: model.toml cannot be used.
    """
    found = hashlib.sha256()
    files = [CHECKOUT / name for name in _FILES]
    for folder in _FOLDERS:
        files += (path for path in (CHECKOUT / folder).rglob("*") if path.suffix in (".py", ".txt"))
    for file in sorted(files):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        found.update(f"{file.relative_to(CHECKOUT).as_posix()} {content}\n".encode())
    settings = read_settings(model_toml)
    found.update(repr([getattr(settings, section) for section in SECTIONS]).encode())
    # The functions' packages are links into this virtual environment.
    environment = [sys.version, sys.prefix, made_at()]
    found.update(json.dumps([*environment, *map(os.environ.get, _VARIABLES)]).encode())
    return found.hexdigest()


def made_at() -> int:
    """When this virtual environment was made, in nanoseconds since 1970."""
    return (Path(sys.prefix) / "pyvenv.cfg").stat().st_mtime_ns


class DeployedFrom:
    """The record of what was deployed, in the cloud's Parameter Store."""

    def __init__(self, ssm: Any) -> None:
        self._ssm = ssm

    def is_bootstrapped(self) -> bool:
        return self._value(_BOOTSTRAP_VERSION) is not None

    def read(self) -> str | None:
        """The digest; None if nothing has been deployed, or not to its end."""
        return self._value(PARAMETER)

    def write(self, found: str) -> None:
        self._ssm.put_parameter(Name=PARAMETER, Value=found, Type="String", Overwrite=True)

    def _value(self, name: str) -> str | None:
        try:
            return str(self._ssm.get_parameter(Name=name)["Parameter"]["Value"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return None
