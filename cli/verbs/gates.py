"""evergreen gates: what Judge decided about a version, gate by gate."""

from pathlib import Path
from typing import Annotated

import typer

from cli.aws.registry import JudgedVersion, Registry
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import PlainTable, console
from evergreen.errors import CommandFailed


def gates(
    version: Annotated[str | None, typer.Argument(help="The version. Without it: the newest.")] = None,
    comment_file: Annotated[
        Path | None, typer.Option("--comment", help="Write the result to this file as Markdown.")
    ] = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Say what Judge decided about a version, gate by gate.

    A version that was not promoted is no failure: the exit code is 1 only if there is no such version.
    """
    judged = _choose(Registry(Target.choose(environment, local=local)), version)
    verdict = "promoted" if judged.decision["promote"] else "not promoted"
    console.print(f"{judged.version}: {verdict}, {judged.metric} on its holdout", markup=False, soft_wrap=True)
    table = PlainTable("Gate", "Passed", "Why")
    for gate in judged.decision["gates"]:
        table.add_row(gate["name"], "yes" if gate["passed"] else "no", gate["reason"])
    console.print(table)
    if comment_file:
        from cli.pipeline import comment

        comment.write(comment.of_gates(judged.decision), comment_file)


def _choose(registry: Registry, version: str | None) -> JudgedVersion:
    """
    Raises:
        CommandFailed: there is no such version, or none at all.
    """
    if version:
        return registry.find(version)
    judged = registry.versions()
    if not judged:
        raise CommandFailed("nothing has been trained yet. Run: evergreen train")
    return judged[0]
