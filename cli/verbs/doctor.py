"""evergreen doctor: what stands in the way of a deployment, before it begins."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console
from cli.findings import Finding, Status, as_json, failed, show
from evergreen.errors import CommandFailed
from infra.environments import ENVIRONMENTS, Environment

if TYPE_CHECKING:
    from cli.doctor.plan import Plan


def doctor(
    environment: EnvironmentName = "dev",
    local: Local = False,
    region: Annotated[
        str, typer.Option(help="The region to deploy to with -c region=, if not the environment's own.")
    ] = "",
    only: Annotated[str, typer.Option(help="Make this check alone, by its name, and that of the account.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print all findings as one JSON document.")] = False,
    settings_file: Annotated[Path, typer.Option("--settings", help="The model's settings.")] = Path("model.toml"),
) -> None:
    """Look for what stands in the way of a deployment, and say what to do about it."""
    # Here, so that --help does without boto3.
    from cli.doctor.examination import examine
    from cli.doctor.plan import Clients, Plan

    chosen = _environment(environment)
    Target.choose(environment, local=local)
    # The embedded cloud has its stack in the one region that it was started for.
    place = region or (os.environ["AWS_REGION"] if local else chosen.region)
    plan = Plan(environment=chosen, region=place, settings_file=settings_file, embedded=local)
    findings = []
    for finding in examine(plan, Clients(plan.region), only=only):
        findings.append(finding)
        if not json:
            show(finding)
    if json:
        print(as_json(findings))
    else:
        console.print(f"\n{conclusion(findings, plan)}", markup=False, soft_wrap=True)
    if failed(findings):
        raise typer.Exit(1)


def conclusion(findings: Sequence[Finding], plan: "Plan") -> str:
    """How many failed, and what to do next."""
    failures = sum(finding.status == Status.FAILED for finding in findings)
    warnings = sum(finding.status == Status.WARNING for finding in findings)
    skipped = sum(finding.status == Status.SKIPPED for finding in findings)
    aside = "".join(
        f", {count} {what}" for count, what in ((warnings, "to think about"), (skipped, "not looked at")) if count
    )
    if failures:
        return f"{failures} of {len(findings)} failed{aside}. Do what the arrows say, and run evergreen doctor again."
    after = "evergreen train --local" if plan.embedded else plan.deploy
    return f"None of {len(findings)} failed{aside}. Next: {after}"


def _environment(name: str) -> Environment:
    """
    Raises:
        CommandFailed: there is none of this name.
    """
    found = {environment.name: environment for environment in ENVIRONMENTS}
    if name not in found:
        raise CommandFailed(f"infra/environments.py has no environment {name!r}; it has: {', '.join(found)}")
    return found[name]
