"""Has a training's run mirrored to Weights & Biases by a process that has a deadline.

A server that does not answer keeps W&B's client for minutes, or for ever; and whatever happens, the training goes on.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evergreen import names
from evergreen.settings.sections import TrackingSettings
from training import wheels

# Seconds for all of it. W&B's client gives up by itself after a minute, mostly.
SECONDS = 180.0
# Of the archive that the job runs from; without them, W&B has a Python of its own on this machine.
_WHEELS = Path(__file__).parents[2] / names.WANDB_WHEELS
_CHARACTERS = 500
# What W&B's client says of a wrong key.
_REFUSED = ("401", "not logged in", "API key")
# Of the machine's own variables, those by which it reaches the network.
_NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE")
_REMEDY = "The training is in MLflow all the same"


@dataclass(frozen=True)
class Mirrored:
    """What came of it: the run's address, or why there is none."""

    url: str = ""
    failure: str = ""

    def __str__(self) -> str:
        return self.url or f"not mirrored: {self.failure}. {_REMEDY}"


def mirror(
    record: Mapping[str, Any],
    settings: TrackingSettings,
    client: Callable[[str], Any],
    *,
    seconds: float | None = None,
) -> Mirrored:
    """Never raises.

    Args:
        record: of record_of.
        client: makes a client of an AWS service by its name, as boto3.client does.
        seconds: after which it is given up, SECONDS if None.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _mirrored(record, settings, _key(settings.wandb_secret, client), Path(folder), seconds or SECONDS)
    # Whatever it is: a mirror must not cost a training.
    except Exception as error:  # noqa: BLE001
        return Mirrored(failure=_brief(error))


def _key(secret: str, client: Callable[[str], Any]) -> str:
    try:
        content = client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    except Exception as error:
        raise RuntimeError(f"the API key cannot be read from the secret {secret}: {_brief(error)}") from error
    return str(content).strip()


def _mirrored(
    record: Mapping[str, Any], settings: TrackingSettings, key: str, folder: Path, seconds: float
) -> Mirrored:
    entity, _, project = settings.wandb.partition("/")
    given = {**record, "entity": entity, "project": project, "folder": str(folder)}
    # As a group, since W&B's client starts a process that would go on.
    with subprocess.Popen(
        [_python(), "-m", "training.mirroring.wandb_run"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=_environment(settings, key, folder),
        start_new_session=True,
    ) as process:
        try:
            said, failed = process.communicate(json.dumps(given), timeout=seconds)
        except subprocess.TimeoutExpired:
            return Mirrored(failure=f"W&B did not answer within {seconds:g} s")
        finally:
            _end(process)
    if process.returncode:
        reason = _reason(failed).replace(key, "***")
        if any(words in reason for words in _REFUSED):
            reason = f"the server does not take the key in the secret {settings.wandb_secret} ({reason})"
        return Mirrored(failure=reason)
    return Mirrored(url=said.strip().splitlines()[-1])


def _python() -> str:
    """The Python with W&B's client."""
    return os.environ.get(names.WANDB_PYTHON) or sys.executable


def _environment(settings: TrackingSettings, key: str, folder: Path) -> dict[str, str]:
    """Nothing of AWS or MLflow: the process needs neither, and sends what it finds to no one."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", *_NETWORK) if name in os.environ}
    places = [str(Path(__file__).parents[2])]
    if _WHEELS.is_dir():
        places.append(_installed(folder))
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(places),
        "WANDB_API_KEY": key,
        **({"WANDB_BASE_URL": settings.wandb_url} if settings.wandb_url else {}),
        # All that it writes goes with the folder.
        **{f"WANDB_{name}_DIR": str(folder) for name in ("DATA", "CACHE", "CONFIG")},
        "WANDB_SILENT": "true",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_X_DISABLE_VIEWER": "true",
    }


def _installed(folder: Path) -> str:
    """The folder with the packages of the archive's wheels. Only a job that mirrors has them, and installs them."""
    target = folder / "packages"
    try:
        wheels.install(_WHEELS, target)
    except wheels.WheelsDoNotFit as error:
        raise RuntimeError(f"its packages could not be installed: {error}") from error
    return str(target)


def _end(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        return


def _reason(failed: str) -> str:
    """The last line of what a process has said before it failed."""
    lines = [line for line in failed.splitlines() if line.strip()]
    if lines and "No module named 'wandb'" in lines[-1]:
        return "W&B's client is not installed on this machine; run: make .venv-integrations/wandb/.ready"
    return (lines or ["its process has ended without a word"])[-1][:_CHARACTERS]


def _brief(error: Exception) -> str:
    return f"{error}"[:_CHARACTERS] or type(error).__name__
