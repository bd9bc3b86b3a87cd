"""The definitions of features in the checkout, and Feast's own environment, which describes them."""

import os
import subprocess

from cli.aws.target import CHECKOUT
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.feature_store.described import DEFINITIONS, DESCRIPTION, read_description
from evergreen.feature_store.views import FeatureService
from evergreen.settings.sections import ModelSettings
from training import feast_process

FOLDER = CHECKOUT / DEFINITIONS
_ENVIRONMENT = CHECKOUT / ".venv-features"


def described(settings: ModelSettings) -> FeatureService:
    """The feature service that model.toml asks for, as it was described last.

    Raises:
        CommandFailed: it asks for none.
        InvalidFeatures: it was not described, or has changed since.
    """
    return read_description(FOLDER, _service(settings))


def describe(settings: ModelSettings) -> FeatureService:
    """Have Feast read the definitions, and write down what they say.

    Raises:
        CommandFailed: model.toml asks for no feature service.
        InvalidFeatures: a definition is wrong; every fault is named.
    """
    service = _service(settings)
    os.environ[names.FEAST_PYTHON] = str(_ENVIRONMENT / "bin" / "python")
    file = FOLDER / DESCRIPTION
    feast_process.run("describe", "--definitions", str(FOLDER), "--service", service, "--output", str(file))
    return read_description(FOLDER, service)


def install_feast() -> None:
    """Install Feast into its own environment, unless it is there.

    Raises:
        CommandFailed: it could not be installed.
    """
    command = ["make", "--no-print-directory", f"{_ENVIRONMENT.name}/.ready"]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise CommandFailed(f"Feast could not be installed: {(ran.stderr or ran.stdout).strip()}")


def _service(settings: ModelSettings) -> str:
    if not settings.features.service:
        raise CommandFailed("model.toml asks for no stored features: name a feature service of features/ in [features]")
    return settings.features.service
