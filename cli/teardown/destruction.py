"""Carries a plan out, and proves what is left. Whatever ends it half-way, a second run goes on from there."""

from pathlib import Path
from typing import Any

from cli.aws.target import client_of
from cli.console import Steps
from cli.findings import Finding, Status
from cli.teardown import assets, job_logs, policy, running
from cli.teardown.emptying import REQUESTS, delete_bucket
from cli.teardown.kept import kept_buckets, newest, taking_up, write_mapping
from cli.teardown.plan import Plan
from cli.teardown.remains import Remains, longer_names
from cli.teardown.stack import deleted_ids, deleted_resources
from evergreen import names


def carry_out(plan: Plan, steps: Steps, *, delete_data: bool) -> None:
    """Remove what the plan names. Buckets are emptied last, when nothing writes into them any more.

    Raises:
        CommandFailed: something cannot be removed; what is gone stays gone.
    """
    if plan.executions or plan.jobs:
        with steps.step("Stop what is being trained") as step:
            clients = plan.client("stepfunctions"), plan.client("sagemaker")
            running.stop(*clients, plan.environment, plan.executions, step.progress)
    for arn, holder in plan.policies:
        policy.detach(plan.client("iam"), arn, holder)
    if plan.stack:
        with steps.step(f"Delete the stack {plan.name}") as step:
            plan.stack.delete(step.progress)
        if plan.executions and not delete_data:
            _free_the_lease(plan.client("s3"), plan.stack.outputs.get(names.OUTPUT_MODEL_BUCKET))
    with steps.step("Delete the logs of jobs") as step:
        step.result = f"{job_logs.delete(plan.client('logs'), plan.environment, step.progress)} streams"
    with steps.step("Delete the packages that no other stack uses") as step:
        step.result = f"{assets.delete(plan.client('s3'), plan.assets)} packages"
    if delete_data:
        for bucket in plan.buckets:
            s3 = client_of(plan.session, "s3", region=bucket.region, attempts=10, connections=REQUESTS + 2)
            with steps.step(f"Empty and delete {bucket.name}") as step:
                step.result = delete_bucket(s3, bucket.name, step.progress).words


def _free_the_lease(s3: Any, bucket: str | None) -> None:
    """A training that was stopped may not have given it back: the rule that does so was deleted with the stack."""
    if bucket:
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=names.LEASES_PREFIX).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])


def prove(plan: Plan, steps: Steps, mapping: Path) -> list[Finding]:
    """Look for all that the account still holds; kept buckets are named with how to take them up again.

    Args:
        mapping: where the file for `cdk import` is written, if buckets are kept.
    """
    with steps.step("Look for what is left") as step:
        kept = kept_buckets(plan.session, plan.environment)
        cloudformation = plan.client("cloudformation")
        remains = Remains(
            plan.session,
            plan.environment,
            plan.assets,
            buckets=[bucket.name for bucket in kept],
            deleted=deleted_resources(cloudformation, deleted_ids(cloudformation, plan.name)),
            longer=longer_names(plan.name, plan.others),
        )
        findings = remains.findings(step.progress)
    if not kept:
        return [*findings, Finding(check="buckets", status=Status.OK, found="none is left")]
    taken = newest(kept)
    write_mapping(taken, mapping)
    import_, deploy = taking_up(plan.environment, taken[0].region, mapping)
    for bucket in kept:
        found = plan.contents.get(bucket.name)
        words = f"{bucket.name} is kept: {found.words if found else 'not counted'}"
        remedy = "" if bucket in taken else "an older one, which is not taken up again; evergreen destroy --delete-data"
        findings.append(Finding(check=f"bucket {bucket.logical_id}", status=Status.OK, found=words, remedy=remedy))
    cost = f"about {plan.monthly:.2f} USD a month in S3 Standard"
    removal = f"evergreen destroy -e {plan.environment} --delete-data"
    findings.append(
        Finding(
            check="kept buckets",
            status=Status.OK,
            found=f"{len(kept)}, {cost}",
            remedy=f"take them up again: {import_} && {deploy}; or remove them: {removal}",
        )
    )
    return findings


def conclusion(findings: list[Finding]) -> str:
    """One sentence for people."""
    left = [finding for finding in findings if finding.status == Status.FAILED]
    unseen = [finding for finding in findings if finding.status == Status.SKIPPED]
    if left:
        return f"Something is left: {', '.join(finding.check for finding in left)}. Each line above has its remedy."
    nothing = "Nothing is left" if not any("kept" in finding.check for finding in findings) else "Only the data is left"
    return f"{nothing}." if not unseen else f"{nothing} of what could be looked at; {len(unseen)} could not."
