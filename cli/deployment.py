"""Runs the real CDK command line against a cloud."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cli.console import Step
from cli.target import CHECKOUT
from evergreen.errors import CommandFailed

_PROGRESS = re.compile(r"\|\s*(\d+)/(\d+)\s*\|")


def bootstrap(settings: Mapping[str, str], step: Step, *, account: str, region: str, folder: Path) -> None:
    """cdk bootstrap: the bucket and the roles that every deployment uses.

    Args:
        folder: to run it in; without a cdk.json in it, the CDK does not synthesise our app first, which it need not.

    Raises:
        CommandFailed: with the end of what the CDK said.
    """
    _cdk(["bootstrap", f"aws://{account}/{region}"], settings, step, folder=folder)


def deploy(settings: Mapping[str, str], step: Step, *, stack: str, assembly: Path) -> None:
    """cdk deploy of one stack; `assembly` is the folder that the templates are written to.

    Raises:
        CommandFailed: with the end of what the CDK said.
    """
    _cdk(["deploy", stack, "--require-approval", "never", "--output", str(assembly)], settings, step, folder=CHECKOUT)


def _cdk(arguments: list[str], settings: Mapping[str, str], step: Step, *, folder: Path) -> None:
    command = ["cdk", *arguments, "--progress", "events", "--no-color", "--no-notices"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Its own group, so that an interruption can end all that it started.
        start_new_session=True,
    )
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if found := _PROGRESS.search(line):
                step.progress(f"{found[1]} of {found[2]} resources")
        if process.wait():
            tail = "\n".join(lines[-25:])
            raise CommandFailed(f"{' '.join(command[:3])} failed:\n{tail}")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
