"""evergreen rollback: make the previous champion serve again, without a deployment."""

from typing import Annotated

import typer

from cli.aws.endpoint import Endpoint
from cli.aws.registry import JudgedVersion, Registry
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import Steps, console
from evergreen.errors import CommandFailed


def rollback(
    version: Annotated[str | None, typer.Argument(help="Roll back to this version; see evergreen versions.")] = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Make the previous champion serve again, or a version that is named.

    Naming the champion itself completes a promotion that failed half-way.
    """
    roll_back(Target.choose(environment, local=local), version, Steps())


def roll_back(target: Target, version: str | None, steps: Steps) -> None:
    """Move the champion, and wait until the endpoint serves it.

    Raises:
        CommandFailed: there is nothing to go back to, or the endpoint does not follow.
    """
    registry = Registry(target)
    chosen = choose(registry, version)
    if not chosen.decision["promote"]:
        console.print(f"  {chosen.version} was not promoted: {chosen.decision['reason']}", style="yellow", markup=False)
    with steps.step(f"Roll back: point the champion at {chosen.version}"):
        is_in_mlflow = registry.promote(chosen)
    with steps.step("Wait until the endpoint serves it") as step:
        Endpoint(target).await_version(chosen.version, step.progress)
    if not is_in_mlflow:
        console.print(
            f"  MLflow does not know {chosen.version}: it was trained before this MLflow was made. It serves, and no "
            "version has the alias champion there",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    console.print(
        f"  {chosen.version} is live ({chosen.metric} on its holdout); every instance follows within a minute, or with "
        "its first request after that.",
        markup=False,
        soft_wrap=True,
    )


def choose(registry: Registry, version: str | None) -> JudgedVersion:
    """The version to go back to: the one named, or else the champion before the present one.

    Raises:
        CommandFailed: there is no such version, or none before the present champion.
    """
    champions = registry.champions()
    if not champions.pointers:
        raise CommandFailed("there is no champion yet. Run: evergreen train")
    if version is None:
        present = champions.present
        before = [champion.version for champion in champions.readable]
        version = next((name for name in before if present is None or name != present.version), None)
        if version is None:
            raise CommandFailed(
                f"no champion before {present.version if present else 'it'} is kept (S3 deletes old pointers after 90 "
                "days): name a version that evergreen versions lists"
            )
    return registry.find(version)
