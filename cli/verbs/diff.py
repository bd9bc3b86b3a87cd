"""evergreen diff: what a deployment of this checkout would change, in Markdown."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cli.aws import cdk
from cli.aws.target import CHECKOUT, EnvironmentName, Local, Target
from cli.console import Steps, console
from cli.embedded import SETTINGS
from cli.pipeline import comment
from cli.pipeline.infrastructure import comment_on
from evergreen import names


def diff(
    base: Annotated[
        str | None,
        typer.Option(
            help="Compare with the template of this branch, tag or commit. Without it: with what is deployed."
        ),
    ] = None,
    comment_file: Annotated[
        Path | None, typer.Option("--comment", help="Write the result to this file as Markdown.")
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option("--context", "-c", help="A setting of the app for the CDK, KEY=VALUE.")
    ] = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Say what a deployment of this checkout would change, by cdk diff.

    With --base, no account is asked.
    """
    stack, steps = names.stack_name(environment), Steps()
    given = context or []
    with tempfile.TemporaryDirectory(prefix="evergreen-") as scratch:
        folder = Path(scratch)
        if base:
            lines = _against_commit(base, stack, given, steps, folder)
            against = f"the template of {base}"
        else:
            # The clouds of `make up` and of the tests are deployed for this machine.
            settings = dict(SETTINGS) if local else {}
            Target.choose(environment, local=local)
            with steps.step(f"cdk diff {stack}") as step:
                lines = cdk.diff(settings, step, stack=stack, assembly=folder / "here", context=given)
            against = "what is deployed"
    text = comment_on(lines, stack=stack, against=against)
    console.print(f"\n{text}", markup=False, soft_wrap=True)
    if comment_file:
        comment.write(text, comment_file)


def _against_commit(base: str, stack: str, context: list[str], steps: Steps, folder: Path) -> list[str]:
    """The lines of the difference. Both templates are made for this machine, which takes no packages for AWS."""
    from cli.data.git import Git
    from cli.pipeline.base import commit_of

    git = Git.containing(CHECKOUT)
    settings = {**SETTINGS, **{name: "" for name in os.environ if name.startswith("AWS_")}}
    with git.worktree(commit_of(git, base), folder / "code") as code:
        # Named by their content: what both need is built once.
        packages = CHECKOUT / ".build" / "packages"
        packages.mkdir(parents=True, exist_ok=True)
        (code / ".build").mkdir()
        (code / ".build" / "packages").symlink_to(packages)
        with steps.step(f"cdk synth {stack} of {base}") as step:
            template = cdk.synthesise(
                settings, step, stack=stack, assembly=folder / "there", code=code, context=context
            )
        with steps.step(f"cdk diff {stack}") as step:
            return cdk.diff(settings, step, stack=stack, assembly=folder / "here", template=template, context=context)
