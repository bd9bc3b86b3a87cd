"""Messages about alarms: what happened, since when, how far, what happens next, what to run."""

from dataclasses import dataclass, field
from typing import Any

from evergreen import names
from evergreen.metrics import metric_of
from evergreen.number_text import number, percent
from evergreen.quoting import line

# In chat tools, what stands between these is a link or calls a person or a channel; the words may quote a caller.
_AS_THEY_ARE = str.maketrans("<>", "()")
# An SNS subject takes a hundred characters.
_SUBJECT = 100
_DETAILS = 8
_LOOK = "Look at the objects named above, and at what the callers send."
# Their value is 0 while fewer requests come than `[alarms] minimum_requests`, see infra/monitoring/alarms.py.
_OF_ENOUGH_REQUESTS = (names.ALARM_REJECTED, names.ALARM_LATENCY)


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A change of an alarm's state.

    Attributes:
        name: of the alarm, without the stack's.
        firing: whether it fires now; else it is over.
        description: as the stack gives it.
        reason: CloudWatch's own words.
        changed: when, ISO 8601.
    """

    stack: str
    name: str
    firing: bool
    description: str
    reason: str
    changed: str

    @property
    def environment(self) -> str:
        return self.stack.removeprefix("evergreen-")


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message: a subject, and paragraphs by their heading."""

    subject: str
    paragraphs: dict[str, str] = field(default_factory=dict)

    def as_text(self) -> str:
        return "\n\n".join(f"{heading}: {text}" for heading, text in self.paragraphs.items())

    def as_chat(self) -> dict[str, Any]:
        """The form that Amazon Q Developer in chat applications shows, and that other tools can read.

        https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
        """
        lines = [f"*{heading}*: {text.translate(_AS_THEY_ARE)}" for heading, text in self.paragraphs.items()]
        return {
            "version": "1.0",
            "source": "custom",
            "content": {"textType": "client-markdown", "title": self.subject, "description": "\n\n".join(lines)},
        }


def is_told_already(alarm: Alarm, check: dict[str, Any]) -> bool:
    """Whether another message covers this alarm: the message about a new drift already says whether quality fell."""
    drift_begins = bool(check) and check.get("drift_since") == check["checked_at"]
    return alarm.firing and alarm.name == names.ALARM_QUALITY and drift_begins


def compose(alarm: Alarm, check: dict[str, Any]) -> Message:
    """
    Args:
        check: the newest check's result; empty before the first.
    """
    if not alarm.firing:
        why = alarm.reason
        if alarm.name in _OF_ENOUGH_REQUESTS:
            why += " A value of 0 may also mean that too few requests came to tell; the dashboard shows them."
        return Message(
            subject=_subject(alarm, "over"),
            paragraphs={"What": f"The alarm '{alarm.name}' is over since {alarm.changed}.", "Why": why},
        )
    if check and alarm.name in (names.ALARM_DRIFT, names.ALARM_QUALITY, names.ALARM_BROKEN_INPUT):
        return _of_check(alarm, check)
    return Message(
        subject=_subject(alarm, "alarm"),
        paragraphs={"What": alarm.description, "Since": alarm.changed, "How far": alarm.reason},
    )


def _of_check(alarm: Alarm, check: dict[str, Any]) -> Message:
    what = {
        names.ALARM_DRIFT: f"The rows that come in no longer look like those that {check['model']} was judged on: "
        f"{check['reason']}.",
        names.ALARM_QUALITY: f"The predictions of {check['model']} are worse than its holdout promised.",
        names.ALARM_BROKEN_INPUT: f"What is captured of {check['model']} is partly broken: {check['reason']}.",
    }[alarm.name]
    since = (check.get("drift_since") if alarm.name == names.ALARM_DRIFT else None) or check["since"]
    paragraphs = {
        "What": what,
        "Since": f"{since}; the window is {check['start']} to {check['end']}, {number(check['rows'])} predictions",
        "How far": _how_far(alarm, check),
        "Quality": quality_in_words(check),
        "What happens next": f"Version {check['version']} goes on serving. {_renewal(check)}The next check looks "
        "again; this message comes once, and another one when it is over.",
        "What to do": _remedy(alarm, check),
    }
    if check["report"]:
        paragraphs["Report"] = check["report"]
    return Message(subject=_subject(alarm, check["model"]), paragraphs=paragraphs)


def _renewal(check: dict[str, Any]) -> str:
    """What the check means for renewal; a check of an older release does not say."""
    told = check.get("renewal", "")
    return f"{told} " if told else ""


def _how_far(alarm: Alarm, check: dict[str, Any]) -> str:
    if alarm.name == names.ALARM_BROKEN_INPUT:
        return bulleted(check["notes"])
    if alarm.name == names.ALARM_QUALITY:
        return quality_in_words(check)
    moved = [*check["features"], *([check["prediction"]] if check["prediction"] else [])]
    reasons = [f"{item['name']}: {'; '.join(item['reasons'] or [item['broken']])}" for item in moved if is_named(item)]
    # A newer check may have found nothing.
    return bulleted(reasons) if reasons else alarm.reason


def _remedy(alarm: Alarm, check: dict[str, Any]) -> str:
    stack = f"-e {alarm.environment}"
    if alarm.name == names.ALARM_BROKEN_INPUT:
        return f"{_LOOK} `evergreen drift {stack}` checks again."
    return f"`evergreen drift {stack}` shows all features. {_after_change(check, stack)}"


def advice(check: dict[str, Any], stack: str) -> str:
    """What to do about a check's result; empty if nothing.

    Args:
        stack: the options that name it to a command.
    """
    parts = [_LOOK] if check["status"] == names.STATUS_BROKEN_INPUT else []
    if check["alarms"] or (check["quality"] and check["quality"]["fell"]):
        parts.append(_after_change(check, stack))
    return " ".join(parts)


def _after_change(check: dict[str, Any], stack: str) -> str:
    """What to do when the rows or the quality have changed; another thing if the predictions are as good as before."""
    remedy = (
        f"If the world has changed, add newer rows to the table and run `evergreen train {stack}`; if a caller has, "
        "have it mended."
    )
    if check["alarms"] and check["quality"] and not check["quality"]["fell"]:
        return f"This is drift without loss of quality, as far as labels have come in: nothing is urgent. {remedy}"
    return remedy


def quality_in_words(check: dict[str, Any]) -> str:
    """Whether quality fell, and by how much; or why that is not known."""
    quality = check["quality"]
    if quality is None:
        return f"not known: {check['quality_reason']}"
    text = metric_of(quality["metric"]).text
    verdict = "it has fallen" if quality["fell"] else "it holds"
    return (
        f"{verdict}: {quality['metric']} {text(quality['live'])} (95% interval {text(quality['low'])} to "
        f"{text(quality['high'])}) on {number(quality['labels'])} labelled predictions, {text(quality['promised'])} "
        f"promised by the holdout{_decisions_in_words(check.get('decision'))}"
    )


def _decisions_in_words(decision: dict[str, Any] | None) -> str:
    """How the decisions with a truth compare with those of the holdout; a check of an older release has none."""
    if not decision:
        return ""
    live, promised = decision["live"], decision["promised"]
    counts = (
        f"{number(live['true_positive'])} right and {number(live['false_positive'])} wrong of those predicted "
        f"{line(decision['positive'])}, {number(live['true_negative'])} right and {number(live['false_negative'])} "
        "wrong of the others"
    )
    shares = [
        f"{name} {_share(live[name])} ({_share(promised[name])} on the holdout)" for name in ("precision", "recall")
    ]
    if "cost" in live:
        shares.append(f"cost of a decision {number(live['cost'])} ({number(promised['cost'])} on the holdout)")
    return f". Decisions: {counts}; {', '.join(shares)}"


def _share(value: float | None) -> str:
    return "not known" if value is None else percent(value)


def is_named(column: dict[str, Any]) -> bool:
    """Whether a check's result says that a column has drifted or is broken."""
    return bool(column["reasons"] or column["broken"])


def bulleted(lines: list[str]) -> str:
    more = [f"and {len(lines) - _DETAILS} more"] if len(lines) > _DETAILS else []
    return "".join(f"\n  - {line}" for line in [*lines[:_DETAILS], *more])


def _subject(alarm: Alarm, words: str) -> str:
    """SNS takes ASCII only."""
    text = f"Evergreen {alarm.environment}: {alarm.name}, {words}"
    return text.encode("ascii", "replace").decode()[:_SUBJECT]
