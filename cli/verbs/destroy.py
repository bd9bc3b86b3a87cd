"""evergreen destroy: remove the stack and what it leaves behind, and prove that nothing is left."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from cli.aws.target import CLOUD_HOME, EnvironmentName, Local, Target
from cli.console import Steps, console
from cli.findings import as_json, failed, show
from cli.interruption import Interrupted
from cli.teardown.kept import mapping_file
from evergreen.errors import CommandFailed


def destroy(
    environment: EnvironmentName = "dev",
    local: Local = False,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Delete the buckets too: data, models and captures, for good.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print what is left as JSON; progress goes to stderr.")] = False,
) -> None:
    """Remove the stack and what it leaves behind, and prove what is left. The buckets stay, unless told otherwise."""
    # Not at the top: `evergreen destroy --help` does without them.
    from cli.teardown.destruction import carry_out, conclusion, prove
    from cli.teardown.plan import Plan, make_plan

    def confirm(plan: Plan) -> None:
        goes, stays = plan.sentences(delete_data=delete_data)
        for title, lines in (("This goes:", goes), ("This stays:", stays)):
            if lines:
                console.print(title)
            for line in lines:
                console.print(f"  {line}", markup=False, soft_wrap=True)
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandFailed("nothing was removed, since nobody can be asked: add --yes")
        if typer.prompt(f"Type {plan.name} to go on", default="", show_default=False, err=json_) != plan.name:
            raise CommandFailed("nothing was removed")

    with _progress_apart(json_):
        target, steps = Target.choose(environment, local=local), Steps()
        with steps.step("Look at what is there"):
            plan = make_plan(target)
        if not plan.stack:
            console.print(f"There is no stack {plan.name}.", markup=False)
        if plan.has_work(delete_data=delete_data):
            confirm(plan)
            with _going_on(plan.name):
                carry_out(plan, steps, delete_data=delete_data)
        findings = prove(plan, steps, CLOUD_HOME / "kept.json" if local else mapping_file(environment))
        for finding in findings:
            show(finding)
        console.print(conclusion(findings), markup=False, soft_wrap=True)
    if json_:
        print(as_json(findings))
    if failed(findings):
        raise typer.Exit(1)


@contextmanager
def _progress_apart(apart: bool) -> Iterator[None]:
    """Leave standard output to the JSON document."""
    before = console.stderr
    console.stderr = apart or before
    try:
        yield
    finally:
        console.stderr = before


@contextmanager
def _going_on(name: str) -> Iterator[None]:
    """Say of an interruption that AWS does not stop with this command."""
    try:
        yield
    except Interrupted:
        raise Interrupted(
            f"AWS goes on deleting {name} if it has begun. Run the command again: it goes on, too"
        ) from None
