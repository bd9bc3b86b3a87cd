"""Runs the real CDK command line against a cloud."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.aws.target import CHECKOUT
from cli.console import Step
from evergreen.errors import CommandFailed
from local.processes.leashed import LeashedProcess

_PROGRESS = re.compile(r"\|\s*(\d+)/(\d+)\s*\|")


def bootstrap(settings: Mapping[str, str], step: Step, *, account: str, region: str, folder: Path) -> None:
    """cdk bootstrap: the bucket and the roles that every deployment uses.

    Args:
        folder: to run it in. It should hold no cdk.json, so that the CDK does not synthesise the app needlessly.

    Raises:
        CommandFailed: the CDK failed; the message has the last lines of its output.
    """
    _cdk(["bootstrap", f"aws://{account}/{region}"], settings, step, folder=folder)


def deploy(
    settings: Mapping[str, str], step: Step, *, stack: str, assembly: Path, model_toml: Path = CHECKOUT / "model.toml"
) -> None:
    """cdk deploy of one stack.

    Args:
        assembly: the folder that the templates are written to.
        model_toml: of the model that the stack is for.

    Raises:
        CommandFailed: the CDK failed; the message has the last lines of its output.
    """
    arguments = ["--require-approval", "never", "--output", str(assembly), "--context", f"settings={model_toml}"]
    _cdk(["deploy", stack, *arguments], settings, step, folder=CHECKOUT)


def _cdk(arguments: list[str], settings: Mapping[str, str], step: Step, *, folder: Path) -> None:
    command = ["cdk", *arguments, "--progress", "events", "--no-color", "--no-notices"]
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
    finally:
        process.close()
