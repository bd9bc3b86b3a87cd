"""evergreen init: from a table to a model.toml that works."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import PlainTable, Steps, console
from evergreen.errors import CommandFailed, InvalidData
from evergreen.number_text import counted, number
from evergreen.quoting import line

if TYPE_CHECKING:
    from training.inspection.inspection import Inspection

# Columns that are printed; model.toml names all that are left out.
_MOST = 60


def init(
    table: Annotated[Path, typer.Argument(help="The table: a file, or a folder of files.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    time: Annotated[str, typer.Option(help="The column that orders the rows in time.")] = "",
    group: Annotated[str, typer.Option(help="The column whose equal values belong together.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the settings to this file.")] = Path(
        "model.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the settings that are there.")] = False,
) -> None:
    """Look at a table, and write a model.toml for it."""
    from evergreen.versions import data_version
    from training.inspection.inspection import inspect

    path = _below(table, output)
    if output.exists() and not force:
        raise CommandFailed(
            f"{output} is there already (in a new checkout it is the demo's). To overwrite it, add --force; to look at "
            "the result first, add --output of another name in the same folder"
        )
    steps = Steps()
    with steps.step(f"Look at {line(str(table))}"):
        version = data_version.of_path(table)
        found = inspect(version, table, path=path, target=target, time=time, group=group)
    _write(found, output)
    _show(found, table, output)
    if found.problem:
        raise CommandFailed(f"{output} is written, but Prepare refuses the table with it: {found.problem}")


def _below(table: Path, output: Path) -> str:
    """The table's path from the folder of model.toml, below which it must lie.

    Raises:
        InvalidData: there is no such file.
        CommandFailed: it lies elsewhere.
    """
    if not table.exists():
        raise InvalidData(f"{table} does not exist")
    folder = output.absolute().parent.resolve()
    # The table's own name is not resolved: DVC may have replaced it by a link.
    place = table.absolute().parent.resolve() / table.absolute().name
    if not place.is_relative_to(folder) or place == folder:
        raise CommandFailed(
            f"{table} is not below {folder}, where {output.name} will be, and [data] path is a path from there. Copy "
            f"it into {folder / 'data'} first"
        )
    return place.relative_to(folder).as_posix()


def _write(found: "Inspection", output: Path) -> None:
    """Nothing is written that would not be read back as it was meant."""
    from evergreen.settings.model_toml import read_settings
    from training.inspection.document import write

    text = write(found)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / output.name
        trial.write_text(text, encoding="utf-8")
        if read_settings(trial) != found.settings:
            raise AssertionError("model.toml does not say what was found")
    output.write_text(text, encoding="utf-8")


def _show(found: "Inspection", table: Path, output: Path) -> None:
    # The target, and what there is to say something about, is shown before the rest of a wide table.
    target = found.settings.data.target
    first = sorted(found.columns, key=lambda each: (each.name != target, not (each.leave_out or each.note)))
    names = {column.name for column in first[:_MOST]}
    columns = [column for column in found.columns if column.name in names]
    rows = PlainTable("Column", "Taken for", "Missing", "Values", "")
    for column in columns:
        use = "target" if column.name == target else "left out" if column.leave_out else ""
        missing = number(column.missing) if column.missing else ""
        rows.add_row(line(column.name), column.kind, missing, ", ".join(column.values), use)
    console.print(rows)
    if len(found.columns) > _MOST:
        _say(f"and {counted(len(found.columns) - _MOST, 'column')} more")
    for column in columns:
        if column.leave_out:
            _say(f"Left out: {line(column.name)}: {column.leave_out}")
        if column.note:
            _say(f"Note: {line(column.name)}: {column.note}")
    settings = found.settings
    by = f" by {line(settings.split.by)}" if settings.split.by else ""
    _say(f"{settings.task}, judged by {settings.metric}; the split is {settings.split.type}{by}")
    if found.prepared:
        train, holdout = len(found.prepared.train), len(found.prepared.holdout)
        dropped = [f"{counted(rows, 'row')} ({why})" for why, rows in found.prepared.dropped.items() if rows]
        _say(
            f"{counted(train, 'row')} to train on, {number(holdout)} kept for judging"
            + (f"; dropped: {', '.join(dropped)}" if dropped else "")
        )
        for finding in found.prepared.findings:
            _say(f"Warning: {finding}")
        _say(f"Written: {output}. Read it, and change what is guessed wrong")
        _say("Then: make up, for an endpoint on this machine, or evergreen train, on the stack that is deployed")
        _say(f"For versions of a table that is too large for Git: evergreen data add {table}")


def _say(text: str) -> None:
    console.print(f"  {text}", markup=False, soft_wrap=True)
