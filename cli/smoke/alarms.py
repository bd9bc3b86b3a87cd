"""The stack's alarms, and whether anybody hears of them."""

from collections.abc import Iterator
from typing import Any

from cli.findings import Finding
from cli.smoke.deployed import Deployed, failure, ok, warning
from evergreen import names
from evergreen.number_text import counted

# Of the endpoint's 503 before the first training.
_BEFORE_TRAINING = "gateway errors"
_PENDING = "PendingConfirmation"


def look_at_alarms(stack: Deployed) -> Iterator[Finding]:
    """Each alarm's state: none may be in ALARM."""
    alarms = alarms_of(stack)
    if not alarms:
        yield failure("alarms", f"there is no alarm named {stack.stack} ...", f"cdk deploy {stack.stack}")
        return
    by_state: dict[str, list[str]] = {}
    for alarm in alarms:
        by_state.setdefault(alarm["StateValue"], []).append(alarm["AlarmName"].removeprefix(f"{stack.stack} "))
    firing = by_state.get("ALARM", [])
    unknown = by_state.get("INSUFFICIENT_DATA", [])
    said = f"; without data yet: {', '.join(unknown)}" if unknown else ""
    if stack.champion is None and firing == [_BEFORE_TRAINING]:
        yield warning("alarms", f"{_BEFORE_TRAINING}: requests were answered 503, since nothing is promoted yet{said}")
    elif firing:
        reason = next(alarm["StateReason"] for alarm in alarms if alarm["AlarmName"].endswith(f" {firing[0]}"))
        found = f"in ALARM: {', '.join(firing)}. {firing[0]}: {reason}"
        yield failure("alarms", found, f"its description says what to do; evergreen dashboard {stack.options}")
    else:
        yield ok("alarms", f"none of {len(alarms)} is in ALARM{said}")


def alarms_of(stack: Deployed) -> list[dict[str, Any]]:
    pages = stack.target.client("cloudwatch").get_paginator("describe_alarms")
    return [alarm for page in pages.paginate(AlarmNamePrefix=f"{stack.stack} ") for alarm in page["MetricAlarms"]]


def look_at_the_subscription(stack: Deployed) -> Iterator[Finding]:
    """Whether the topic has a confirmed subscription."""
    pages = stack.target.client("sns").get_paginator("list_subscriptions_by_topic")
    found = [
        subscription
        for page in pages.paginate(TopicArn=stack.target.outputs[names.OUTPUT_TOPIC])
        for subscription in page["Subscriptions"]
    ]
    pending = [one["Endpoint"] for one in found if one["SubscriptionArn"] == _PENDING]
    confirmed = len(found) - len(pending)
    if pending:
        yield warning(
            "subscription",
            f"{counted(len(pending), 'subscription')} not confirmed: no alarm reaches {', '.join(pending)}",
            "follow the link in the mail of SNS; look among unwanted mails",
        )
    elif not confirmed:
        yield warning(
            "subscription",
            "nobody subscribes to the topic: no alarm reaches anybody",
            f"EVERGREEN_ALARM_EMAIL=you@example.com cdk deploy {stack.stack}",
        )
    else:
        yield ok("subscription", f"{counted(confirmed, 'subscription')} confirmed")
