"""In which points the embedded cloud is kinder than AWS, and which of them a look at AWS has seen to be right.

The list is that of docs/architecture.md; a test holds the two together.
"""

from dataclasses import dataclass

ROLES = "roles of services"
JOBS = "wheels of the jobs"
FUNCTION_PACKAGES = "packages of functions"
PROPAGATION = "new roles"
STACK_ROLES = "roles of stacks"
SIGNATURES = "signatures"
LONG_LINES = "long log lines"
ENCRYPTION = "buckets and limits"
GATEWAY = "gateway's refusals"
FIREHOSE = "Firehose's buffer"
EVENTS = "events of buckets"
TIME_LIMITS = "time limits"
PERIODS = "periods of alarms"


@dataclass(frozen=True)
class Difference:
    """
    Attributes:
        name: in a few words.
        point: as docs/architecture.md has it.
        unseen: what of it no look from outside can see.
    """

    name: str
    point: str
    unseen: str = ""


DIFFERENCES = (
    Difference(
        ROLES,
        "The roles of services (Step Functions, CloudWatch, the log delivery of the gateway) are not enforced, nor are "
        "trust policies and `iam:PassRole`: grants.md says which grants are.",
        unseen="the grants that only failures need: the rule that gives a lease back, the dead letters",
    ),
    Difference(
        JOBS,
        "Jobs run in this checkout's `.venv`, which has the versions of the training image; their archive has no "
        "wheels here. A test installs those of the archive that AWS gets. Feast runs in the checkout's "
        "`.venv-features`.",
    ),
    Difference(
        FUNCTION_PACKAGES,
        "Functions, the drift check among them, have links to those packages of this checkout's `.venv` that their "
        "requirements name. A test holds the links against the zips that AWS gets, and imports each handler from its "
        "zip alone.",
        unseen="it calls no function but predict: evergreen train and evergreen drift do",
    ),
    Difference(
        PROPAGATION,
        "A role or a policy takes effect at once; on AWS it may take some seconds. While the stack is deployed, only "
        "the MLflow App (`infra/tracking.py`) and Firehose use roles, after their policies; functions wait for the "
        "first request.",
    ),
    Difference(
        STACK_ROLES,
        "The role that a stack was deployed with is not kept, and the index of tags has no delay.",
        unseen="it deploys and removes nothing",
    ),
    Difference(SIGNATURES, "Signatures made with the account's own key are not verified; those of roles are."),
    Difference(
        LONG_LINES,
        "A log line that is longer than 1 MB is cut where it is delivered, and stays whole in the log.",
        unseen="no line that it writes is as long",
    ),
    Difference(
        ENCRYPTION,
        "Bucket encryption and lifecycle rules, throttling and access logs of the gateway are accepted and have no "
        "effect.",
        unseen="that requests beyond the limits are refused",
    ),
    Difference(
        GATEWAY,
        "The gateway takes bodies of more than 10 MB, and its refusals for wrong keys have other words than AWS's.",
    ),
    Difference(
        FIREHOSE,
        "Firehose's buffer has no limit of size. What it cannot unpack is lost, not put under the error prefix; and "
        "CloudWatch Logs tries again where AWS gives up, if Firehose refuses a record for good.",
        unseen="it sends too little to fill the buffer, and nothing that cannot be unpacked",
    ),
    Difference(
        EVENTS,
        "S3 tells EventBridge of objects from the moment on that it is deployed; on AWS it may take five minutes. What "
        "a rule cannot start is lost here, not put into the queue of dead letters.",
        unseen="it brings no data",
    ),
    Difference(
        TIME_LIMITS,
        "An execution's own time limit is not enforced, and jitter between retries is left out. A function has a "
        "minute to start: how long that takes here tells of this machine.",
        unseen="it starts no training",
    ),
    Difference(
        PERIODS,
        "Alarms look at periods that end now instead of at the last full minute: they fire up to a minute sooner, "
        "which the demo would have to wait for twice.",
        unseen="it makes no alarm fire",
    ),
)
