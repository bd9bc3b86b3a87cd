"""evergreen pause: nothing is renewed until somebody resumes it."""

from typing import Annotated

import typer

from cli.aws.renewals import Renewals
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console


def pause(
    why: Annotated[str, typer.Option(help="Why, for those who see that it is paused.")] = "somebody has paused it",
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Let nothing be renewed until it is resumed.

    A renewal that runs goes on. What serves stays as it is.
    """
    Renewals(Target.choose(environment, local=local)).pause(why)
    console.print("  Paused: nothing is renewed until you run: evergreen resume", markup=False)
