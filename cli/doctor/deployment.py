"""The state that an earlier deployment, or a running one, has left the stack in."""

import itertools
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from cli.aws.stacks import describe
from cli.doctor.plan import Plan, unanswered
from cli.findings import Finding, Status

STACK = "stack"
BUCKETS = "kept buckets"
TAG = "evergreen:environment"
_FINE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
# The first that fits says what ends it. None of them ends well after ROLLBACK_IN_PROGRESS.
_WAITERS = {
    "CREATE": "create",
    "UPDATE_ROLLBACK": "rollback",
    "UPDATE": "update",
    "DELETE": "delete",
    "IMPORT": "import",
}
# States of a stack without resources of its own. Buckets that are tagged for it are of one before it, or were kept.
_EMPTY = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")
# Events that are looked through for the first failure.
_MOST_EVENTS = 500


def stack_state(plan: Plan, client: Any) -> Sequence[Finding]:
    """The stack, and where there is none, the buckets of an earlier one."""
    cloudformation = client("cloudformation")
    stack = describe(cloudformation, plan.stack)
    if stack is None:
        absent = Finding(check=STACK, status=Status.OK, found=f"{plan.stack} is not in {plan.region} yet")
        return [absent, *_looked_for_buckets(plan, client)]
    status = stack["StackStatus"]
    if status in _FINE:
        return [Finding(check=STACK, status=Status.OK, found=f"{plan.stack} is in {status}")]
    severity, remedy = _remedy(plan, status)
    failure = "" if status.endswith("IN_PROGRESS") else _first_failure(cloudformation, stack["StackId"])
    state = Finding(check=STACK, status=severity, found=f"{plan.stack} is in {status}{failure}", remedy=remedy)
    return [state, *(_looked_for_buckets(plan, client) if status in _EMPTY else [])]


def _looked_for_buckets(plan: Plan, client: Any) -> Sequence[Finding]:
    """What is known of the stack is told even if nobody may look for buckets."""
    try:
        return kept_buckets(plan, client)
    except ClientError as error:
        return [unanswered(BUCKETS, error)]


def kept_buckets(plan: Plan, client: Any) -> Sequence[Finding]:
    """Buckets outlive their stack. A new deployment makes new ones beside them."""
    pages = (
        client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(
            TagFilters=[{"Key": TAG, "Values": [plan.environment.name]}],
            ResourceTypeFilters=["s3"],
        )
    )
    buckets = sorted(
        resource["ResourceARN"].rpartition(":")[2] for page in pages for resource in page["ResourceTagMappingList"]
    )
    if not buckets:
        return [Finding(check=BUCKETS, status=Status.OK, found="none of an earlier deployment")]
    return [
        Finding(
            check=BUCKETS,
            status=Status.WARNING,
            found=f"of an earlier deployment of {plan.stack}: {', '.join(buckets)}",
            remedy=(
                "a deployment makes new ones beside them, and begins without the data and the models in these. To take "
                f"them up again instead: evergreen destroy -e {plan.environment.name} finds no stack, and says how; "
                "with --delete-data it deletes them"
            ),
        )
    ]


def _remedy(plan: Plan, status: str) -> tuple[Status, str]:
    """What may be done in a state that is not fine, by what CloudFormation allows and the CDK does."""
    at = f"--stack-name {plan.stack} --region {plan.region}"
    if status == "REVIEW_IN_PROGRESS":
        return (
            Status.WARNING,
            f"a deployment ended before its first change set was carried out, or waits for that: {plan.deploy} goes on",
        )
    if status.endswith("IN_PROGRESS"):
        known = [waiter for start, waiter in _WAITERS.items() if status.startswith(start)]
        wait = f"aws cloudformation wait stack-{known[0]}-complete {at}" if known else "run this again in some minutes"
        remedy = f"CloudFormation works on it, also if its command was interrupted. Wait: {wait}"
        return Status.FAILED, remedy
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return (
            Status.WARNING,
            f"the last update failed and was undone; what was there before still runs. Correct it, and: {plan.deploy}",
        )
    if status == "ROLLBACK_COMPLETE":
        return (
            Status.WARNING,
            f"the first deployment failed. Correct that; {plan.deploy} removes the rest and begins anew, as does "
            f"{plan.destroy} without a deployment",
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        return Status.FAILED, f"aws cloudformation continue-update-rollback {at}"
    if status == "UPDATE_FAILED":
        return Status.FAILED, f"cdk rollback {plan.stack}"
    # ROLLBACK_FAILED, CREATE_FAILED and DELETE_FAILED: it can only be deleted.
    return Status.FAILED, plan.destroy


def _first_failure(cloudformation: Any, stack: str) -> str:
    """Which resource failed first in the newest attempt, and why; empty if that is not to be had."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    first = ""
    try:
        events = itertools.islice((event for page in pages for event in page["StackEvents"]), _MOST_EVENTS)
        for event in events:  # the newest first
            if event["PhysicalResourceId"] == stack:
                if first and event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
                    break
                continue
            reason = event.get("ResourceStatusReason", "")
            # Those that were still at work when another failed.
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason:
                first = f": {event['LogicalResourceId']} failed first, {reason.rstrip('.')}"
    except ClientError:
        return ""
    return first
