"""evergreen card: the model card of the champion or of another version, or the sheet of the data that it came from."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cli.aws.cards import Cards
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console
from evergreen.errors import CommandFailed

_SUFFIXES = (".html", ".md")


def card(
    version: Annotated[
        str | None, typer.Option("--version", help="The version; without it, the champion. See evergreen versions.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file to write, .html or .md. Without it: model-card.html, or data-sheet.html with --sheet.",
        ),
    ] = None,
    sheet: Annotated[bool, typer.Option("--sheet", help="Write the data sheet instead of the model card.")] = False,
    show: Annotated[
        bool | None,
        typer.Option(
            "--open/--no-open",
            help="Open the file in a browser. Without it: yes in a terminal, if no --output is given.",
        ),
    ] = None,
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Fetch the champion's model card, with Judge's decision in it."""
    if show is None:
        show = console.is_terminal and output is None
    output = output or Path("data-sheet.html" if sheet else "model-card.html")
    if output.suffix not in _SUFFIXES:
        raise CommandFailed(f"{output} must end in .html or .md, the two formats of a card")
    cards = Cards(Target.choose(environment, local=local))
    found = cards.find(version)
    written = cards.write_sheet(found, output) if sheet else cards.write_card(found, output)
    what = "data sheet" if sheet else "model card"
    console.print(f"The {what} of {found.version} is in {output}", markup=False, soft_wrap=True)
    if len(written) > 1:
        console.print(f"Its plots are beside it: {', '.join(file.name for file in written[1:])}", markup=False)
    if show:
        webbrowser.open(output.resolve().as_uri())
