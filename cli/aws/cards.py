"""The model card and the data sheet of a version, as the model bucket of a deployed stack has them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.aws.registry import Registry
from cli.aws.target import Target
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.versions.bundle import MANIFEST


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
