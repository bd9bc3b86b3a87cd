"""The bundle: one immutable folder per model version, with a manifest of what is in it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evergreen import portable
from evergreen.contract.contract import Contract, Row
from evergreen.errors import BrokenBundle, InvalidRow

MODEL = "model.json"
CONTRACT = "contract.json"
HOLDOUT = "holdout.jsonl"
METRICS = "metrics.json"
LINEAGE = "lineage.json"
MONITORING = "monitoring.json"
MANIFEST = "manifest.json"
SHEET_HTML = "data_sheet.html"
SHEET_MARKDOWN = "data_sheet.md"
SHEET_FILES = (SHEET_HTML, SHEET_MARKDOWN)
# Of a challenger of a renewal: the same recipe fitted to the holdout as well, its contract, and the holdout with its
# predictions. A bundle that serves has none of them.
REFIT_MODEL = "refit_model.json"
REFIT_CONTRACT = "refit_contract.json"
REFIT_HOLDOUT = "refit_holdout.jsonl"
REFIT_FILES = (REFIT_MODEL, REFIT_CONTRACT, REFIT_HOLDOUT)

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")

# Reads a file of a bundle by its name, and raises the errors of its storage.
Fetch = Callable[[str], bytes]


@dataclass(frozen=True)
class ServableModel:
    """A portable model with the contract that guards it."""

    contract: Contract
    scorer: portable.Model

    def predict(self, row: Row) -> Any:
        """The prediction for a row that `contract.parse` returned: in units of the target, or a class's label."""
        return self.scorer.predict(row)

    def probabilities(self, row: Row) -> list[float] | None:
        """Of each class in the contract's order; None for regression."""
        return self.scorer.probabilities(row)


@dataclass(frozen=True)
class HoldoutRow:
    """One holdout row: its features, the truth, and scikit-learn's own prediction.

    Attributes:
        moment: larger for a later row, equal for rows of the same moment; None if the rows have no order in time.
        group: equal for rows of the same group; None if they have none.
    """

    features: dict[str, Any]
    actual: Any
    predicted: Any
    probabilities: list[float] | None = None
    moment: int | None = None
    group: int | None = None


def model_digest(model: bytes, contract: bytes) -> str:
    """SHA-256, in hexadecimal, of the portable model and the contract: all that a prediction depends on."""
    return hashlib.sha256(hashlib.sha256(model).digest() + hashlib.sha256(contract).digest()).hexdigest()


def load_model(model: bytes, contract: bytes, *, digest: str) -> ServableModel:
    """
    Raises:
        BrokenBundle: the files are not those that the digest was made from.
    """
    found = model_digest(model, contract)
    if found != digest:
        raise BrokenBundle(f"the model's digest is {found[:12]}, expected {digest[:12]}: it was changed after training")
    parsed = Contract.from_json(contract)
    names = [feature.name for feature in parsed.features]
    loaded = ServableModel(parsed, portable.load(_object(MODEL, model), names))
    _try(loaded)
    return loaded


def _try(model: ServableModel) -> None:
    """Score one row: what is wrong deep inside a model's document shows only then.

    Raises:
        BrokenBundle: the model cannot score it.
    """
    try:
        row = model.contract.parse({feature.name: feature.example for feature in model.contract.features})
        model.predict(row)
        model.probabilities(row)
    except InvalidRow:
        pass  # a contract of an older release may have no examples
    except Exception as error:
        raise BrokenBundle(f"model.json cannot score the contract's own example: {error!r}") from error


def write_manifest(folder: Path) -> dict[str, str]:
    """Write manifest.json: the SHA-256 of every other file in the folder, by name."""
    digests = manifest_of({path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST})
    (folder / MANIFEST).write_text(json.dumps(digests, indent=1))
    return digests


def manifest_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The content of manifest.json: the SHA-256 of every file by its name."""
    return {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}


@dataclass(frozen=True)
class Bundle:
    """A bundle. Every file of it has been checked against the manifest."""

    files: dict[str, bytes]

    @classmethod
    def read(cls, fetch: Fetch) -> "Bundle":
        """
        Raises:
            BrokenBundle: the manifest is not one, a file that it needs is not listed, or a file was changed.
        """
        manifest = _object(MANIFEST, fetch(MANIFEST))
        # A name may only be a key directly below the bundle's prefix.
        hostile = [name for name in manifest if not _NAME.fullmatch(name)]
        if hostile:
            raise BrokenBundle(f"manifest.json lists {hostile[0]!r}, which is no file name")
        missing = {MODEL, CONTRACT, HOLDOUT, METRICS, LINEAGE, MONITORING} - manifest.keys()
        if missing:
            raise BrokenBundle(f"the bundle lacks {', '.join(sorted(missing))}")
        files = {name: fetch(name) for name in manifest}
        for name, content in files.items():
            if hashlib.sha256(content).hexdigest() != manifest[name]:
                raise BrokenBundle(f"{name} is not the file that training wrote: its SHA-256 differs from the manifest")
        return cls(files)

    @property
    def digest(self) -> str:
        return model_digest(self.files[MODEL], self.files[CONTRACT])

    @property
    def metrics(self) -> dict[str, Any]:
        return _object(METRICS, self.files[METRICS])

    @property
    def lineage(self) -> dict[str, Any]:
        return _object(LINEAGE, self.files[LINEAGE])

    @property
    def monitoring(self) -> dict[str, Any]:
        return _object(MONITORING, self.files[MONITORING])

    def model(self) -> ServableModel:
        return load_model(self.files[MODEL], self.files[CONTRACT], digest=self.digest)

    def holdout(self, file: str = HOLDOUT) -> Iterator[HoldoutRow]:
        # Decoded once: each line by itself takes a tenth longer.
        for line in self.files[file].decode().split("\n"):
            if line:
                yield HoldoutRow(**json.loads(line))


def _object(name: str, content: bytes) -> dict[str, Any]:
    """
    Raises:
        BrokenBundle: the file is not a JSON object.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BrokenBundle(f"{name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BrokenBundle(f"{name} is not a JSON object")
    return document
