"""evergreen init: from a table to a model.toml that works, and a page to judge it by."""

from pathlib import Path
from typing import Annotated

import typer

from cli.console import Steps, console
from cli.inspection import PAGE, path_below, show, write
from evergreen.errors import CommandFailed
from evergreen.quoting import line


def init(
    table: Annotated[Path, typer.Argument(help="The table: a file, or a folder of files.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    time: Annotated[str, typer.Option(help="The column that orders the rows in time.")] = "",
    group: Annotated[str, typer.Option(help="The column whose equal values belong together.")] = "",
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the settings to this file.")] = Path(
        "model.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the settings and the page that are there.")] = False,
) -> None:
    """Look at a table, and write a model.toml and a page for it."""
    from evergreen.versions import data_version
    from training.inspection.inspection import inspect

    path = path_below(table, output)
    for present in (output, output.with_name(PAGE)):
        if present.exists() and not force:
            what = " (in a new checkout it is the demo's)" if present == output else ""
            raise CommandFailed(
                f"{present} is there already{what}. To overwrite it, add --force; to look at the result first, name "
                "another folder above the table with --output"
            )
    steps = Steps()
    with steps.step(f"Look at {line(str(table))}"):
        version = data_version.of_path(table)
        found = inspect(version, table, path=path, target=target, time=time, group=group)
    page = write(found, output, version=version.version)
    show(found)
    if found.problem:
        raise CommandFailed(
            f"{output} is written, but Prepare refuses the table with it: {found.problem}. The table as a page: {page}"
        )
    for text in (
        f"Written: {output}. Read it, and change what is guessed wrong",
        f"The table as a page: {page}",
        "Then: make up, for an endpoint on this machine, or evergreen train, on the stack that is deployed",
        f"For versions of a table that is too large for Git: evergreen data add {table}",
    ):
        console.print(f"  {text}", markup=False, soft_wrap=True)
