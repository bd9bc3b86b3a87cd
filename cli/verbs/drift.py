"""evergreen drift: run the drift check now and show its result."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.aws.checks import Checks, hours_ago, show
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import Steps, console
from functions.notify import wording


def drift(
    hours: Annotated[float, typer.Option(help="Hours to check, up to now.")] = 24,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write Evidently's report to this file.")
    ] = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Check now whether the predicted rows have drifted from the champion's holdout."""
    checks = Checks(Target.choose(environment, local=local))
    with Steps().step("Check for drift"):
        result = checks.run(start=hours_ago(hours), end=datetime.now(UTC))
    show(result)
    if advice := wording.advice(result, "--local" if local else f"-e {environment}"):
        console.print(f"  What to do: {advice}", markup=False, soft_wrap=True)
    report = checks.report(result) if output else None
    if output and report:
        output.write_bytes(report)
        console.print(f"  The report is in {output}", markup=False)
