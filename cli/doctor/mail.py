"""Whether somebody gets the alarms."""

import os
from collections.abc import Sequence
from typing import Any

from cli.aws.stacks import describe, outputs_of
from cli.doctor.plan import Plan
from cli.findings import Finding, Status
from evergreen import names

MAIL = "alarm mail"
VARIABLE = "EVERGREEN_ALARM_EMAIL"
# What SNS names instead of an ARN until the link was followed.
_PENDING = "PendingConfirmation"


def mail(plan: Plan, client: Any) -> Sequence[Finding]:
    """The address that the next deployment gets, and the subscriptions of the deployed topic."""
    if plan.embedded:
        found = "none in the embedded cloud: make up prints what would be sent"
        return [Finding(check=MAIL, status=Status.OK, found=found)]
    address = os.environ.get(VARIABLE, "")
    subscribed = _subscribed(plan, client)
    findings = [
        Finding(
            check=MAIL,
            status=Status.WARNING,
            found=f"{each} has not confirmed: no alarm arrives there",
            remedy="follow the link in the mail that SNS sent; look among unwanted mails too",
        )
        for each, arn in subscribed.items()
        if arn == _PENDING
    ]
    if lost := [each for each in subscribed if each != address]:
        findings.append(
            Finding(
                check=MAIL,
                status=Status.WARNING,
                found=f"{VARIABLE} is not {', '.join(lost)}: a deployment unsubscribes what an earlier one subscribed",
                remedy=f"{VARIABLE}={lost[0]} {plan.deploy}",
            )
        )
    if not subscribed and not address:
        found = "nobody gets the alarms"
        remedy = f"{VARIABLE}=you@example.com {plan.deploy}"
        findings.append(Finding(check=MAIL, status=Status.WARNING, found=found, remedy=remedy))
    if findings:
        return findings
    found = f"{address} is subscribed" if address in subscribed else f"{address} will get a mail with a link to follow"
    return [Finding(check=MAIL, status=Status.OK, found=found)]


def _subscribed(plan: Plan, client: Any) -> dict[str, str]:
    """Addresses of the deployed topic, each with the ARN of its subscription."""
    outputs = outputs_of(describe(client("cloudformation"), plan.stack) or {})
    if names.OUTPUT_TOPIC not in outputs:
        return {}
    pages = client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=outputs[names.OUTPUT_TOPIC])
    return {
        each["Endpoint"]: each["SubscriptionArn"]
        for page in pages
        for each in page["Subscriptions"]
        if each["Protocol"].startswith("email")
    }
