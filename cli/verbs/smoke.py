"""evergreen smoke: whether a deployed stack works, as its callers meet it."""

from typing import Annotated

import typer

from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console, running
from cli.findings import as_json, failed, show


def smoke(
    environment: EnvironmentName = "dev",
    local: Local = False,
    json: Annotated[bool, typer.Option("--json", help="Print all findings as one JSON document, at the end.")] = False,
    wait: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds for captures to arrive, after the last request; without it, four minutes on AWS and half a "
            "minute in the embedded cloud.",
        ),
    ] = None,
) -> None:
    """Try a deployed stack through its endpoint, and take out of the captures what that has sent.

    It changes no champion and no model. Exit code 1 if something is not as it must be.
    """
    # Not at the top: `evergreen smoke --help` does without it.
    from cli.smoke.run import smoke as run

    target = Target.choose(environment, local=local)
    if json:
        findings = run(target, wait=wait, tell=lambda _finding: None, progress=lambda _words: None)
        console.out(as_json(findings))
    else:
        with running(f"Look at {environment}") as step:
            findings = run(target, wait=wait, tell=show, progress=step.progress)
    if failed(findings):
        raise typer.Exit(1)
