"""[endpoint], [alarms], [log] and [notifications]: how the endpoint is asked, what it records, and tells people."""

from dataclasses import dataclass, field

from evergreen.names import FORMAT_CHAT, FORMAT_TEXT, PROTOCOL_ROUTES
from evergreen.settings.sections.field import says

FORMATS = (FORMAT_TEXT, FORMAT_CHAT)
PROTOCOLS = tuple(PROTOCOL_ROUTES)


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """How the endpoint can be asked; a change needs `cdk deploy`."""

    protocols: list[str] = field(
        default_factory=list,
        metadata=says("Protocols of other servers that it speaks besides its own: docs/integrations.", PROTOCOLS),
    )


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """Thresholds of the endpoint's alarms; a change needs `cdk deploy`."""

    rejected_share: float = field(
        default=0.1, metadata=says("Share of the requests of five minutes that break the contract.")
    )
    latency_p99_ms: float = field(default=500.0, metadata=says("Of one request in a hundred, in milliseconds."))
    minimum_requests: int = field(
        default=20,
        metadata=says(
            "With fewer requests in five minutes, neither alarm fires: of a few, one wrong or slow request is a large "
            "share."
        ),
    )


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """The record of predictions; a change needs `cdk deploy`."""

    sample: float = field(default=1.0, metadata=says("Share of the requests that is recorded."))
    leave_out: list[str] = field(
        default_factory=list, metadata=says("Features, and join keys of stored features, that are never recorded.")
    )
    caller: bool = field(
        default=True, metadata=says("Whether it names who called: the IAM role or user, or the token's subject.")
    )


@dataclass(frozen=True, kw_only=True)
class NotificationSettings:
    """What SNS sends; a change needs `cdk deploy`."""

    format: str = field(
        default=FORMAT_TEXT, metadata=says("`text` for people, `chat` for JSON that chat tools show.", FORMATS)
    )
