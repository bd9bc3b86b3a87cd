"""What a deployment is: one value, handed whole to every part of the stack."""

from dataclasses import dataclass

from evergreen import names
from infra.environments import Environment


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """The part of model.toml that is in the template: a change needs `cdk deploy`.

    Attributes:
        model_name: of the model that the stack serves.
        metric: the model's own, for the dashboard.
        rejected_share: of requests, from 0 to 1; above it an alarm fires.
        latency_p99_ms: above which an alarm fires.
        log_sample: share of the requests that are recorded, from 0 to 1.
        log_leave_out: features that are never recorded.
        drift_share: of features; drawn on the dashboard. The check's own stands in the champion's bundle.
        every_hours, window_hours: between two drift checks, and how far back each looks.
        message_format: of notifications, names.FORMAT_TEXT or names.FORMAT_CHAT.
    """

    model_name: str
    metric: str
    rejected_share: float
    latency_p99_ms: float
    log_sample: float
    log_leave_out: tuple[str, ...]
    drift_share: float
    every_hours: int
    window_hours: int
    message_format: str


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """
    Attributes:
        source_digest: of the code that the jobs run, so that a command can tell whether it is its own.
        image: address of the container image that both jobs run in.
        tracking_url: of an MLflow server; without one the stack makes an MLflow App.
        alarm_email: gets the alarms, if given.
        for_this_machine: whether functions carry packages for this machine, see packages/function_zip.py.
    """

    environment: Environment
    settings: StackSettings
    source_digest: str
    image: str
    tracking_url: str | None
    alarm_email: str | None
    for_this_machine: bool

    @property
    def stack_name(self) -> str:
        return names.stack_name(self.environment.name)

    @property
    def model_name(self) -> str:
        return self.settings.model_name
