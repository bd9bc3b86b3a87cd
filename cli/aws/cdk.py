"""Runs the real CDK command line against a cloud."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cli.aws.target import CHECKOUT
from cli.console import Step
from evergreen.errors import CommandFailed
from local.processes.leashed import LeashedProcess

# Of the commands that change something: one line for each resource.
_EVENTS = ("--progress", "events")
_PROGRESS = re.compile(r"\|\s*(\d+)/(\d+)\s*\|")


def bootstrap(settings: Mapping[str, str], step: Step, *, account: str, region: str, folder: Path) -> None:
    """cdk bootstrap: the bucket and the roles that every deployment uses.

    Args:
        folder: to run it in. It should hold no cdk.json, so that the CDK does not synthesise the app needlessly.

    Raises:
        CommandFailed: the CDK failed; the message has the last lines of its output.
    """
    _cdk(["bootstrap", f"aws://{account}/{region}", *_EVENTS], settings, step, folder=folder)


def deploy(
    settings: Mapping[str, str],
    step: Step,
    *,
    stack: str,
    assembly: Path,
    model_toml: Path = CHECKOUT / "model.toml",
    context: Sequence[str] = (),
) -> None:
    """cdk deploy of one stack.

    Args:
        assembly: the folder that the templates are written to.
        model_toml: of the model that the stack is for.
        context: more settings of the app, each KEY=VALUE.

    Raises:
        CommandFailed: the CDK failed; the message has the last lines of its output.
    """
    arguments = [
        "--require-approval",
        "never",
        "--output",
        str(assembly),
        *_contexts([f"settings={model_toml}", *context]),
    ]
    _cdk(["deploy", stack, *arguments, *_EVENTS], settings, step, folder=CHECKOUT)


def synthesise(
    settings: Mapping[str, str], step: Step, *, stack: str, assembly: Path, code: Path, context: Sequence[str] = ()
) -> Path:
    """cdk synth of one stack; returns its template.

    Args:
        code: the checkout to synthesise, by the tools of this one.
        context: settings of the app, each KEY=VALUE.

    Raises:
        CommandFailed: the CDK failed; the message has the last lines of its output.
    """
    _cdk(["synth", stack, "--quiet", "--output", str(assembly), *_contexts(context)], settings, step, folder=code)
    return assembly / f"{stack}.template.json"


def diff(
    settings: Mapping[str, str],
    step: Step,
    *,
    stack: str,
    assembly: Path,
    template: Path | None = None,
    context: Sequence[str] = (),
) -> list[str]:
    """cdk diff of one stack: the lines that it prints of differences.

    Templates are compared, and no change set is made: this needs no right to change anything.

    Args:
        assembly: the folder that the templates are written to.
        template: to compare with, instead of the deployed one.
        context: settings of the app, each KEY=VALUE.

    Raises:
        CommandFailed: the CDK failed; the message has the last lines of its output.
    """
    against = ["--template", str(template)] if template else ["--method", "template"]
    arguments = ["--output", str(assembly), *against, *_contexts(context)]
    lines = _cdk(["diff", stack, *arguments], settings, step, folder=CHECKOUT)
    # Before this line come warnings and what the app itself has said.
    start = next((number for number, line in enumerate(lines) if line == f"Stack {stack}"), len(lines))
    return lines[start + 1 :]


def _contexts(pairs: Sequence[str]) -> list[str]:
    return [word for pair in pairs for word in ("--context", pair)]


def _cdk(arguments: list[str], settings: Mapping[str, str], step: Step, *, folder: Path) -> list[str]:
    """The lines of the CDK's output."""
    command = ["cdk", *arguments, "--no-color", "--no-notices"]
    # The checkout's own CDK and Node come first, whatever the caller's PATH holds.
    tools = [str(Path(sys.executable).parent), str(CHECKOUT / "node_modules" / ".bin")]
    path = os.pathsep.join([*tools, os.environ.get("PATH", os.defpath)])
    # Leashed: if this process ends for any reason, the CDK and all that it has started end too.
    process = LeashedProcess(
        command, environment={**os.environ, **settings, "PATH": path}, cwd=folder, output=subprocess.PIPE, grace=1.0
    )
    lines: list[str] = []
    try:
        for raw in process.output:
            line = raw.decode(errors="replace").rstrip()
            lines.append(line)
            if found := _PROGRESS.search(line):
                step.progress(f"{found[1]} of {found[2]} resources")
        if process.wait():
            tail = "\n".join(lines[-25:])
            raise CommandFailed(f"{' '.join(command[:3])} failed:\n{tail}")
        return lines
    finally:
        process.close()
