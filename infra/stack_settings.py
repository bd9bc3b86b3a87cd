"""What of model.toml is part of the stack: a change of it needs `cdk deploy`."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """
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
