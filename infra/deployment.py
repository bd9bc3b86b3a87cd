"""A deployment: all of its parameters in one value, which every part of the stack gets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evergreen import names
from infra.environments import Environment


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """The part of model.toml that is in the template: a change needs `cdk deploy`.

    Attributes:
        model_name: the name of the model that the stack serves.
        metric: the model's metric, for the dashboard.
        rejected_share: the share of rejected requests, from 0 to 1, above which an alarm fires.
        latency_p99_ms: the latency above which an alarm fires.
        minimum_requests: the requests of five minutes that either of these alarms needs.
        log_sample: the share of the requests that is recorded, from 0 to 1.
        log_leave_out: features that are never recorded.
        log_caller: whether it is recorded who called.
        drift_share, drift_importance: the thresholds that the dashboard draws. A check uses those in the champion's
            bundle.
        every_hours, window_hours: the hours between two drift checks, and how far back each looks.
        message_format: the format of notifications, names.FORMAT_TEXT or names.FORMAT_CHAT.
        renewal: the section [renewal]; None if it is not enabled.
    """

    model_name: str
    metric: str
    rejected_share: float
    latency_p99_ms: float
    minimum_requests: int
    log_sample: float
    log_leave_out: tuple[str, ...]
    log_caller: bool
    drift_share: float
    drift_importance: float
    every_hours: int
    window_hours: int
    message_format: str
    renewal: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """
    Attributes:
        source_digest: the digest of the code that the jobs run, so that a command can compare it with its own.
        image: the address of the container image of both jobs.
        tracking_url: the URL of an MLflow server; without it, the stack creates an MLflow App.
        tracking_secret: the name of the secret with the login at that server, if it wants one.
        alarm_email: the address that gets the alarms, if any.
        user_role: the name of the role that the policy of the `evergreen` command is attached to, if any.
        for_this_machine: whether functions link to the packages of this checkout, see packages/linked.py.
    """

    environment: Environment
    settings: StackSettings
    source_digest: str
    image: str
    tracking_url: str | None
    tracking_secret: str | None
    alarm_email: str | None
    user_role: str | None
    for_this_machine: bool

    @property
    def stack_name(self) -> str:
        return names.stack_name(self.environment.name)

    @property
    def model_name(self) -> str:
        return self.settings.model_name
