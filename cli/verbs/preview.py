"""evergreen preview: what would become of the model if this checkout were merged, tried on this machine."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.aws.target import CHECKOUT, Target
from cli.console import Steps, console
from cli.embedded import deployed_cloud
from cli.pipeline import comment
from cli.pipeline.base import Base, write_base
from cli.training_progress import run_training
from evergreen.errors import EvergreenError

# State of the cloud that it runs.
HOME = CHECKOUT / ".evergreen" / "preview"
_SAME_CODE = "Both were trained with the code of this change, on the embedded cloud."


def preview(
    base: Annotated[str, typer.Option(help="The branch, tag or commit to compare with.")] = "main",
    comment_file: Annotated[
        Path | None, typer.Option("--comment", help="Write the result to this file as Markdown.")
    ] = None,
    settings_file: Annotated[Path, typer.Option("--settings", help="The model's settings.")] = Path("model.toml"),
) -> None:
    """Train main's model and this checkout's on this machine, and say whether this one would be promoted.

    The decision is no failure, whichever it is: the exit code is 1 only if the training itself fails.
    """
    from cli.data.git import Git
    from evergreen.settings.model_toml import read_settings

    settings = read_settings(settings_file)
    table = settings_file.parent / settings.data.path
    if not table.exists() and table.with_name(f"{table.name}.dvc").is_file():
        _tell(
            comment.of_no_training(
                f"{settings.data.path} is kept by DVC and not in Git, so it is not here.", failed=False
            ),
            comment_file,
        )
        return
    if settings.features.service:
        why = f"The features of {settings.features.service!r} come from a feature store, whose history is not in Git."
        _tell(comment.of_no_training(why, failed=False), comment_file)
        return
    git = Git.containing(settings_file.parent)
    with tempfile.TemporaryDirectory(prefix="evergreen-") as folder:
        before = write_base(git, base, settings_file, settings, Path(folder))
        try:
            text = _trained(settings_file, before, base)
        except EvergreenError as error:
            _tell(comment.of_no_training(str(error), failed=True), comment_file)
            raise
    _tell(text, comment_file)


def _trained(settings_file: Path, base: Base, name: str) -> str:
    """What is said of the two trainings.

    Raises:
        CommandFailed: the cloud was not deployed, or this checkout's training failed.
    """
    steps = Steps()
    with deployed_cloud(HOME, steps, port=None, model_toml=settings_file.resolve()) as (_, target):
        champion, notes = _champion(target, base, name, steps)
        console.print("\n[bold]Train[/] this checkout's model")
        decision = run_training(target, settings_file, steps)
    return comment.of_training(decision, champion, base_name=name, notes=[*notes, _SAME_CODE])


def _champion(target: Target, base: Base, name: str, steps: Steps) -> tuple[dict[str, Any] | None, list[str]]:
    """Train the base's model, so that it is the champion; its decision, and what there is to say of it."""
    notes = list(base.notes)
    if base.settings_file is None:
        return None, notes
    console.print(f"\n[bold]Train[/] the model of {name}", soft_wrap=True)
    try:
        decision = run_training(target, base.settings_file, steps)
    except EvergreenError as error:
        return None, [*notes, f"The model of {name} could not be trained, so that there is no champion: {error}"]
    if not decision["promote"]:
        notes.append(f"The model of {name} is no champion itself: {decision['reason']}.")
    return decision, notes


def _tell(text: str, file: Path | None) -> None:
    console.print(f"\n{text}", markup=False, soft_wrap=True)
    if file:
        comment.write(text, file)
