"""evergreen train: upload the table, run the training workflow, say what was promoted and why."""

from pathlib import Path
from typing import Annotated

import typer

from cli.aws.target import EnvironmentName, Local, Target
from cli.console import Steps
from cli.training_progress import run_training


def train(
    settings_file: Annotated[Path, typer.Option("--settings", help="The model's settings.")] = Path("model.toml"),
    data: Annotated[
        str | None, typer.Option(help="A version of the data to train on; see evergreen data list.")
    ] = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Train on the table that model.toml names, and promote the model if it is better."""
    run_training(Target.choose(environment, local=local), settings_file, Steps(), data=data)
