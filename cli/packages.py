"""Builds the packages of functions and jobs while something else is done."""

import os
import subprocess
import sys

from cli.aws.target import CHECKOUT
from cli.console import Step
from evergreen.errors import CommandFailed
from evergreen.settings.sections import ModelSettings
from local.processes.leashed import LeashedProcess

# Lines of the output that a message has.
_LAST = 10


class PackageBuild:
    """Runs `python -m infra.packages` for this machine. Once everything is built, it takes a few seconds."""

    def __init__(self, settings: ModelSettings) -> None:
        """
        Args:
            settings: what the stack has.
        """
        options = [
            "--for-this-machine",
            *(["--renewal"] if settings.renewal.enabled else []),
            *(["--features"] if settings.features.service else []),
            *(["--protocols"] if settings.endpoint.protocols else []),
            *(["--wandb"] if settings.tracking.wandb else []),
        ]
        self._process = LeashedProcess(
            [sys.executable, "-m", "infra.packages", *options],
            environment=os.environ,
            cwd=CHECKOUT,
            output=subprocess.PIPE,
            grace=1.0,
        )

    def wait(self, step: Step) -> None:
        """Wait for the end, and show what is done.

        Raises:
            CommandFailed: a package could not be built.
        """
        lines: list[str] = []
        for raw in self._process.output:
            lines.append(raw.decode(errors="replace").rstrip())
            step.progress(lines[-1])
        if self._process.wait():
            said = "\n".join(lines[-_LAST:])
            raise CommandFailed(f"the packages could not be built:\n{said}")

    def close(self) -> None:
        """End it; may be called again."""
        self._process.close()
