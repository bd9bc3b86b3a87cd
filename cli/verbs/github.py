"""evergreen github: switch on the pipeline of a repository on GitHub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.aws.target import Local, Target
from cli.console import Steps, console
from evergreen import names
from infra.environments import ENVIRONMENTS

if TYPE_CHECKING:
    from cli.pipeline.github_repository import Repository
    from cli.pipeline.roles import PipelineRoles

# Who comes first is deployed on every push; the others wait for an approval.
_FIRST = ENVIRONMENTS[0].name


def github(
    repository: Annotated[
        str | None, typer.Option(help="OWNER/REPO. Without it: the one that the remote `origin` names.")
    ] = None,
    alarm_email: Annotated[str, typer.Option(help="The address that alarms are sent to.")] = "",
    reviewer: Annotated[
        list[str] | None, typer.Option(help="A login that may approve a deployment to prod. Without it: yours.")
    ] = None,
    approval: Annotated[
        bool, typer.Option(help="Whether a deployment to prod waits for a person; GitHub's free plans lack it.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what it would do, as commands.")] = False,
    local: Local = False,
) -> None:
    """Switch on the pipeline of a repository on GitHub: roles, environments and variables.

    What is there already is left as it is, so that it can be run again at any time.
    """
    from cli.data.git import Git
    from cli.embedded import SETTINGS
    from cli.pipeline.github_api import GitHub
    from cli.pipeline.github_repository import Repository, checked, repository_of
    from cli.pipeline.roles import PipelineRoles

    name = checked(repository) if repository else repository_of(Git.containing(Path.cwd()))
    on_github = Repository(GitHub.from_environment(), name)
    Target.choose("dev", local=local)
    roles, trusted = PipelineRoles.choose(), on_github.for_aws()
    _roles(roles, trusted, dict(SETTINGS) if local else {}, dry_run=dry_run)
    variables = roles.variables() | ({"EVERGREEN_ALARM_EMAIL": alarm_email} if alarm_email else {})
    reviewers = (reviewer or [on_github.login()]) if approval else []
    _settings(on_github, variables, reviewers, dry_run=dry_run)


def _roles(roles: "PipelineRoles", repository: str, settings: dict[str, str], *, dry_run: bool) -> None:
    """Deploy the pipeline's stack, unless it trusts this repository already."""
    trusted = roles.trusted()
    if trusted == repository:
        console.print(f"✓ {names.PIPELINE_STACK} in account {roles.account} trusts {repository}", markup=False)
        return
    if dry_run:
        contexts = " ".join(f"-c {pair}" for pair in roles.context(repository))
        console.print(f"cdk deploy {names.PIPELINE_STACK} {contexts}", markup=False, soft_wrap=True)
        return
    with Steps().step(f"cdk deploy {names.PIPELINE_STACK}") as step:
        step.result = f"trusts {repository}" + (f", no longer {trusted}" if trusted else "")
        roles.deploy(repository, settings, step)


def _settings(repository: "Repository", variables: dict[str, str], reviewers: list[str], *, dry_run: bool) -> None:
    """The environments and variables that the workflows read; each is printed, with what was done."""
    changes = repository.variable_changes(variables)
    for environment in ENVIRONMENTS:
        waiting = [] if environment.name == _FIRST else reviewers
        changes += repository.environment_changes(environment.name, reviewers=waiting)
        if warning := repository.rules(environment.name):
            console.print(f"! {warning}", style="yellow", markup=False, soft_wrap=True)
    for change in changes:
        if dry_run:
            console.print(change.command, markup=False, soft_wrap=True)
        else:
            repository.apply(change)
            console.print(f"✓ {change.what}", markup=False, soft_wrap=True)
    if not changes:
        console.print(f"✓ {repository.name} has all environments and variables already", markup=False)
    elif not dry_run:
        console.print(
            f"  The next push to {repository.branch} is tested, deployed and trained. Watch it with: gh run watch",
            markup=False,
            soft_wrap=True,
        )
