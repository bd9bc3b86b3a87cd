"""A deployment: all of its parameters in one value, which every part of the stack gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evergreen import names
from infra.environments import Environment


@dataclass(frozen=True, kw_only=True)
class FeatureStoreParameters:
    """
    Attributes:
        views: the feature views that have a table in the online store.
        ttl_seconds: of each view whose values go stale, after how long.
        key_version: of the keys there.
        missing: what happens to a row whose entity is unknown: `[features] missing`.
        every_hours: after how many hours what is new is written online.
    """

    views: tuple[str, ...]
    key_version: int
    missing: str
    every_hours: int
    ttl_seconds: Mapping[str, int] = field(default_factory=dict)


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
        wandb_secret: the name of the secret with the key for W&B, where trainings are mirrored there.
        protocols: those of other servers that the endpoint speaks.
        features: what the section [features] asks for; None if it names no feature service.
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
    features: FeatureStoreParameters | None = None
    wandb_secret: str | None = None
    protocols: tuple[str, ...] = ()

    @property
    def routes(self) -> list[str]:
        """All that the endpoint has."""
        return [*names.ROUTES, *(route for protocol in self.protocols for route in names.PROTOCOL_ROUTES[protocol])]


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
