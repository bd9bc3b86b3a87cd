"""evergreen down: stop the cloud that `evergreen up` runs."""

from typing import Annotated

import typer

from cli.aws.target import CLOUD_HOME
from cli.console import console


def down(
    forget: Annotated[bool, typer.Option("--forget", help="Delete its state too.")] = False,
) -> None:
    """Stop the cloud that `evergreen up` runs in another terminal, or has left behind. Its state is kept."""
    # Not at the top: `evergreen down --help` does without them.
    from local.running import end
    from local.state.folder import STATE, StateFolder

    ended = end(CLOUD_HOME)
    console.print("The cloud has been stopped." if ended else "No embedded cloud is running.", markup=False)
    state = CLOUD_HOME / STATE
    if forget:
        StateFolder(state).forget()
        console.print("Its state is forgotten: make up starts anew.", markup=False)
    elif state.exists():
        console.print("Its state is kept: make up brings it back; make up FRESH=1 starts anew.", markup=False)
