"""The login at an MLflow server of one's own, which lies in Secrets Manager and nowhere else."""

import json
import logging
import os
import re
from collections.abc import Callable
from typing import Any

from evergreen import names
from evergreen.errors import TrackingLoginFailed

_TOKEN = "token"
_NAME_AND_PASSWORD = ("username", "password")
# https://datatracker.ietf.org/doc/html/rfc6750#section-2.1
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")
# What MLflow's clients read. https://mlflow.org/docs/latest/api_reference/python_api/mlflow.environment_variables.html
_VARIABLES = {
    _TOKEN: "MLFLOW_TRACKING_TOKEN",
    "username": "MLFLOW_TRACKING_USERNAME",
    "password": "MLFLOW_TRACKING_PASSWORD",
}


def log_in(client: Callable[[str], Any]) -> None:
    """Give MLflow the token, or the name and password, of the secret that EVERGREEN_MLFLOW_SECRET names, if any.

    They are read each time, so that a new password holds from the next run on.

    Args:
        client: makes a client of an AWS service by its name, as boto3.client does; called only if there is a secret.

    Raises:
        TrackingLoginFailed: the secret cannot be read, or holds something else. Its content is in no message.
    """
    server = os.environ.get(names.TRACKING_URI, "")
    if not server.startswith("arn:"):
        # The plugin for SageMaker's MLflow is in every package, and complains of each request to another server.
        logging.getLogger("mlflow.tracking.request_header.registry").setLevel(logging.ERROR)
    name = os.environ.get(names.TRACKING_SECRET)
    if not server or not name:
        return
    try:
        answer = client("secretsmanager").get_secret_value(SecretId=name)
    except Exception as error:
        raise TrackingLoginFailed(f"the MLflow login cannot be read from the secret {name}: {error}") from error
    login = _parse(answer.get("SecretString", ""))
    if login is None:
        raise TrackingLoginFailed(
            f'the secret {name} must be a token, or JSON with "{_TOKEN}", or with '
            f'"{_NAME_AND_PASSWORD[0]}" and "{_NAME_AND_PASSWORD[1]}"'
        )
    for variable in _VARIABLES.values():
        os.environ.pop(variable, None)
    os.environ.update({_VARIABLES[key]: value for key, value in login.items()})


def _parse(secret: str) -> dict[str, str] | None:
    """The parts of a login; None if it is none."""
    text = secret.strip()
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return {_TOKEN: text} if _BEARER.fullmatch(text) else None
    for keys in ((_TOKEN,), _NAME_AND_PASSWORD):
        if all(isinstance(content.get(key), str) and content[key] for key in keys):
            return {key: content[key] for key in keys}
    return None
