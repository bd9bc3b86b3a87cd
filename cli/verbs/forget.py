"""evergreen forget: take predictions out of the captures."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from cli.aws.captures import forget_predictions
from cli.aws.registry import Registry
from cli.aws.renewals import Renewals, renews
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import Steps, console
from cli.data.collected_versions import versions_with
from cli.data.renewed_version import forget_in_renewals
from cli.data.storage import DataStorage
from cli.reproduction import Original
from cli.verbs.data import SHORT
from evergreen.errors import CommandFailed
from evergreen.number_text import counted
from evergreen.settings.model_toml import read_settings
from evergreen.versions.data_version import CAPTURED


def forget(
    prediction_ids: Annotated[
        list[str], typer.Argument(metavar="PREDICTION_ID...", help="The prediction_id of an answer; one or several.")
    ],
    settings_file: Annotated[
        Path, typer.Option("--settings", help="The model's settings: they name the table that may hold collected rows.")
    ] = Path("model.toml"),
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Remove predictions, their features and their labels from the captures and the table.

    Results and reports of drift checks stay: they hold numbers of rows, and no category of fewer than ten rows.
    """
    target = Target.choose(environment, local=local)
    several = counted(len(prediction_ids), "prediction")
    with Steps().step(f"Look for {prediction_ids[0] if len(prediction_ids) == 1 else several}") as step:
        done = forget_predictions(target, prediction_ids, step.progress)
    for key in done.keys:
        console.print(f"  Removed from {key}", markup=False, soft_wrap=True)
    collected = _remove_from_table(settings_file, prediction_ids)
    if renews(target):
        _remove_from_renewals(target, prediction_ids)
    with Steps().step("Look for versions of the table that hold it") as step:
        holding = versions_with(DataStorage(target), prediction_ids, step.progress)
        step.result = counted(len(holding), "version")
    if holding:
        console.print(
            f"  These versions of the table hold it still, and so do models that were trained on them: "
            f"{', '.join(version[:SHORT] for version in holding)}. They are objects under dvc/ in the data bucket, "
            "which nothing removes by itself",
            markup=False,
            soft_wrap=True,
        )
    if problems := [*done.changed, *done.unreadable]:
        raise CommandFailed("; ".join(problems))
    missing = [id_ for id_ in prediction_ids if id_ not in done.predictions | done.labels | collected]
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


def _remove_from_table(settings_file: Path, prediction_ids: Collection[str]) -> set[str]:
    """Take collected rows out of the table on the disk; versions that were kept of it are not changed."""
    if not settings_file.is_file():
        return set()
    path = read_settings(settings_file).data.path
    if not (settings_file.parent / path / CAPTURED).is_dir():
        return set()
    # Imported here, since it takes pyarrow, and most tables have no collected rows.
    from training.collecting.month_files import remove

    removed = remove(settings_file.parent / path, prediction_ids)
    if removed:
        console.print(
            f"  Removed from {path}/{CAPTURED}: later versions of the table are without it. Make one with: "
            f"evergreen data add {path}",
            markup=False,
            soft_wrap=True,
        )
    return removed


def _remove_from_renewals(target: Target, prediction_ids: Collection[str]) -> None:
    """Let the next renewal go on from a version without them."""
    registry = Registry(target)
    champion = registry.champions().present
    if champion is None:
        return
    trained_on = Original.read(target, registry.find(champion.version)).lineage["data_version"]
    version = forget_in_renewals(Renewals(target), DataStorage(target), prediction_ids, trained_on)
    if version:
        console.print(f"  Renewals go on without it, from the version {version[:SHORT]} of the table.", markup=False)
