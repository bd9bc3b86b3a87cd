"""evergreen card: the model card of the champion or of another version, or the sheet of the data that it came from."""

import json
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.aws.registry import Registry
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import console
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.versions.bundle import MANIFEST

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


@dataclass(frozen=True)
class CardPlace:
    """The places of a version's documents: key prefixes in the model bucket, each ending in a slash.

    Attributes:
        judged: holds the card with Judge's decision.
        bundle: holds what training wrote, with the sheet and the plots.
    """

    version: str
    judged: str
    bundle: str


class Cards:
    """Reads cards and sheets from the model bucket of a deployed stack."""

    def __init__(self, target: Target) -> None:
        self._registry = Registry(target)
        self._s3: Any = target.client("s3")
        self._bucket = target.outputs[names.OUTPUT_MODEL_BUCKET]
        self._bundles = names.bundles_prefix(target.outputs[names.OUTPUT_MODEL_NAME])

    def find(self, version: str | None) -> CardPlace:
        """The places of a version's documents; without a version, of the champion's.

        Raises:
            CommandFailed: there is no champion yet, or no such version.
        """
        if version is None:
            champions = self._registry.champions()
            if champions.is_unreadable:
                raise CommandFailed("the champion pointer cannot be read. Replace it with: evergreen rollback")
            if champions.present is None:
                raise CommandFailed("there is no champion yet. Run: evergreen train")
            return self._place(champions.present.version, champions.present.bundle)
        return self._place(version, self._registry.find(version).decision["bundle"])

    def _place(self, version: str, bundle: str) -> CardPlace:
        job = bundle.removeprefix(self._bundles).partition("/")[0]
        return CardPlace(version, judged=f"{self._bundles}{job}/", bundle=bundle)

    def write_card(self, place: CardPlace, output: Path) -> list[Path]:
        """Write the card. In Markdown it links to its plots, which are written beside it.

        Returns:
            All files written, the card first.

        Raises:
            CommandFailed: the version has no card.
        """
        contents = {output: self._read(f"{place.judged}model_card{output.suffix}", place.version)}
        if output.suffix == ".md":
            manifest = json.loads(self._read(f"{place.bundle}{MANIFEST}", place.version))
            plots = [name for name in manifest if name.startswith("plot-")]
            contents |= {output.with_name(name): self._read(f"{place.bundle}{name}", place.version) for name in plots}
        return _write(contents)

    def write_sheet(self, place: CardPlace, output: Path) -> list[Path]:
        """Write the data sheet.

        Raises:
            CommandFailed: the version has no sheet.
        """
        return _write({output: self._read(f"{place.bundle}data_sheet{output.suffix}", place.version)})

    def _read(self, key: str, version: str) -> bytes:
        try:
            content: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey as error:
            raise CommandFailed(
                f"{version} has no {key.rpartition('/')[2]}: s3://{self._bucket}/{key} does not exist. "
                "Train again, or name another with --version"
            ) from error
        return content


def _write(contents: dict[Path, bytes]) -> list[Path]:
    for file, content in contents.items():
        file.write_bytes(content)
    return list(contents)
