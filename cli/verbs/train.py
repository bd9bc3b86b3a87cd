"""evergreen train: upload the table, run the training workflow, say what was promoted and why."""

from pathlib import Path
from typing import Annotated

import typer

from cli.aws.target import EnvironmentName, Local, Target
from cli.console import Steps
from cli.training_progress import follow
from cli.training_run import TrainingRun


def train(
    settings_file: Annotated[Path, typer.Option("--settings", help="The model's settings.")] = Path("model.toml"),
    data: Annotated[
        str | None, typer.Option(help="A version of the data to train on; see evergreen data list.")
    ] = None,
    outcome: Annotated[
        Path | None,
        typer.Option(help="Append version=, promoted= and data= to this file, for the steps of a pipeline after this."),
    ] = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Train on the table that model.toml names, and promote the model if it is better."""
    run = TrainingRun(Target.choose(environment, local=local), settings_file, version=data)
    decision = follow(run, Steps())
    if outcome:
        promoted = str(decision["promote"]).lower()
        with outcome.open("a") as file:
            file.write(f"version={decision['version']}\npromoted={promoted}\ndata={run.data_version}\n")
