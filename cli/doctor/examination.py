"""All checks of a deployment that is planned: those of this machine at once, those of the account once it is known."""

from collections.abc import Callable, Iterator
from typing import Any

from cli.aws.target import CHECKOUT
from cli.doctor import (
    account,
    bootstrap,
    checkout,
    data,
    deployment,
    mail,
    permissions,
    quotas,
    region,
    state_machine,
    stored_features,
)
from cli.doctor.account import Identity
from cli.doctor.check import Check, SideBySide
from cli.doctor.plan import Caller, Plan
from cli.findings import Finding, Status
from evergreen.errors import CommandFailed

# Seconds for STS to answer, or for it to be clear that nothing does.
_FOR_THE_CALLER = 15.0
# A table may have millions of rows.
_FOR_THE_DATA = 600.0


def examine(plan: Plan, client: Callable[[str], Any], *, only: str = "") -> Iterator[Finding]:
    """Each finding as soon as it is there.

    Args:
        client: makes a client of a service; it is called by several threads.
        only: the one check to make, besides that of the account; all if it is empty.

    Raises:
        CommandFailed: there is no such check.
    """
    here, there = _of_this_machine(plan), of_the_account(plan, client, Caller(arn="", account=""))
    checks = [account.ACCOUNT, *(check.name for check in (*here, *there))]
    if only and only not in checks:
        raise CommandFailed(f"there is no check {only!r}; there are: {', '.join(checks)}")
    running, identity = SideBySide(), Identity(client)
    running.start(Check(name=account.ACCOUNT, look=identity.look, seconds=_FOR_THE_CALLER))
    for check in here:
        if only in ("", check.name):
            running.start(check)
    for check, findings in running.ended():
        if check.name != account.ACCOUNT:
            yield from findings
            continue
        caller = identity.caller
        # Without an account nothing can be deployed, whatever has kept it from being known.
        yield from (findings if caller else [_as_failed(finding) for finding in findings])
        for each in of_the_account(plan, client, caller) if caller else there:
            if only not in ("", each.name):
                continue
            if caller:
                running.start(each)
            else:
                found = "not looked at, since the account is not known"
                yield Finding(check=each.name, status=Status.SKIPPED, found=found)


def _of_this_machine(plan: Plan) -> list[Check]:
    return [
        Check(name=checkout.PYTHON, look=lambda: checkout.python(plan)),
        Check(name=checkout.PACKAGES, look=lambda: checkout.packages(CHECKOUT)),
        Check(name=checkout.TOOLS, look=lambda: checkout.tools(CHECKOUT)),
        Check(name=data.DATA, look=lambda: data.data(plan.settings_file), seconds=_FOR_THE_DATA),
        Check(name=region.REGION, look=lambda: region.region(plan)),
        Check(name=region.TRACKING, look=lambda: region.tracking(plan)),
    ]


def of_the_account(plan: Plan, client: Callable[[str], Any], caller: Caller) -> list[Check]:
    """The checks that call AWS."""
    return [
        Check(name=account.REGION, look=lambda: account.region_enabled(plan, client)),
        Check(name=bootstrap.BOOTSTRAP, look=lambda: bootstrap.bootstrap(plan, caller, client)),
        Check(name=deployment.STACK, look=lambda: deployment.stack_state(plan, client)),
        Check(name=quotas.JOBS, look=lambda: quotas.job_quotas(plan, client)),
        Check(name=quotas.FUNCTIONS, look=lambda: quotas.function_quotas(plan, client)),
        Check(name=permissions.DEPLOY, look=lambda: permissions.deploy_permissions(plan, caller, client)),
        Check(name=permissions.USE, look=lambda: permissions.user_permissions(plan, caller, client)),
        Check(name=state_machine.STATE_MACHINE, look=lambda: state_machine.state_machine(plan, caller, client)),
        Check(name=stored_features.STORED_FEATURES, look=lambda: stored_features.stored_features(plan, client)),
        Check(name=mail.MAIL, look=lambda: mail.mail(plan, client)),
    ]


def _as_failed(finding: Finding) -> Finding:
    return Finding(check=finding.check, status=Status.FAILED, found=finding.found, remedy=finding.remedy)
