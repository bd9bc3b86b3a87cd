"""evergreen forget: take predictions out of the captures."""

from typing import Annotated

import typer

from cli.aws.captures import forget_predictions
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import Steps, console
from evergreen.errors import CommandFailed
from evergreen.number_text import counted


def forget(
    prediction_ids: Annotated[
        list[str], typer.Argument(metavar="PREDICTION_ID...", help="The prediction_id of an answer; one or several.")
    ],
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Remove predictions, their features and their labels from what has been captured.

    Results and reports of drift checks stay: they hold numbers of rows, and no category of fewer than ten rows.
    """
    target = Target.choose(environment, local=local)
    several = counted(len(prediction_ids), "prediction")
    with Steps().step(f"Look for {prediction_ids[0] if len(prediction_ids) == 1 else several}") as step:
        done = forget_predictions(target, prediction_ids, step.progress)
    for key in done.keys:
        console.print(f"  Removed from {key}", markup=False, soft_wrap=True)
    if problems := [*done.changed, *done.unreadable]:
        raise CommandFailed("; ".join(problems))
    missing = [id_ for id_ in prediction_ids if id_ not in done.predictions | done.labels]
    if missing:
        raise CommandFailed(
            f"no captured record has {', '.join(missing)}; it may have expired, or was never recorded, or has not "
            "arrived yet, which takes a minute or two"
        )
    console.print(
        "  Its line in the predict function's log stays until the log expires: see request_log_days in "
        "infra/environments.py. Reports of drift checks keep counts, and no category of fewer than ten rows.",
        markup=False,
        soft_wrap=True,
    )
