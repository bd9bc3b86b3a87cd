"""A training run with its progress on the console."""

from pathlib import Path
from typing import Any

from cli.aws.target import Target
from cli.console import Steps, console
from cli.execution import shown_in
from cli.training_run import TrainingRun
from evergreen.number_text import number

# Tasks that nobody waits for; the others are printed.
_UNTOLD = {"ReadFailure", "Release"}


def run_training(target: Target, settings_file: Path, steps: Steps, *, data: str | None = None) -> dict[str, Any]:
    """Train with progress on the console, on the present table or a version of it; returns Judge's decision.

    Raises:
        CommandFailed: the workflow did not succeed.
    """
    return follow(TrainingRun(target, settings_file, version=data), steps)


def follow(run: TrainingRun, steps: Steps) -> dict[str, Any]:
    """Carry out a run with progress on the console; returns Judge's decision.

    Raises:
        CommandFailed: the workflow did not succeed.
    """
    if notice := run.notice():
        console.print(f"  {notice}", style="yellow", markup=False, soft_wrap=True)
    with steps.step(f"Upload {run.data_name} and {run.settings_file.name}") as step:
        run_input = run.upload(step.progress)
    with steps.step("Training workflow") as step:
        decision = run.execute(run_input, shown_in(step, _UNTOLD), _show_prepared)
    verdict = "[green]promoted[/]" if decision["promote"] else "[yellow]not promoted[/]"
    console.print(f"  Version {decision['version']}: {verdict}")
    console.print(f"  {decision['reason']}", markup=False, soft_wrap=True)
    if decision["promote"] and decision["champion"]:
        console.print(
            "  The endpoint serves it within a minute, or from the first request after that on.", markup=False
        )
    return decision


def _show_prepared(summary: dict[str, Any]) -> None:
    """What became of the rows, and what looks wrong in them."""
    rows = f"{number(summary['train_rows'])} training rows, {number(summary['holdout_rows'])} holdout rows"
    dropped = [f"{number(count)} {why}" for why, count in summary["dropped"].items() if count]
    console.print(f"      {'; left out: '.join([rows, *([', '.join(dropped)] if dropped else [])])}", markup=False)
    for finding in summary["findings"]:
        console.print(f"      warning: {finding}", style="yellow", markup=False, soft_wrap=True)
    for change in summary["contract_changes"]:
        console.print(f"      contract: {change}", style="yellow", markup=False, soft_wrap=True)
