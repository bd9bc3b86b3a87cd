"""The lineage of a version, and doubts whether training it again gives the same digest."""

import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import numpy
import pandas
import scipy
import sklearn

from evergreen.versions.source import source_digest

_ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """The lineage of one version.

    Attributes:
        git_commit: commit of the code; ends in "-dirty" if the work tree differed from it.
        image: image of the container; "unknown" outside a container.
        cpu: type of the processor; another type may round a sum differently.
        data_version: version of the table, as DVC addresses it.
        settings_sha256: SHA-256 of model.toml.
        source_sha256: SHA-256 of the code itself, whatever its commit.
        libraries: versions of Python and of the packages that the numbers depend on.
        doubts: reasons why the version may not be reproducible, one sentence each.
    """

    version: str
    git_commit: str
    image: str
    cpu: str
    seed: int
    data_version: str
    settings_sha256: str
    source_sha256: str
    libraries: dict[str, str]
    doubts: tuple[str, ...]
    mlflow_run_id: str = ""
    mlflow_model_version: str = ""


def trace(*, version: str, git_commit: str, seed: int, data_version: str, settings_file: Path) -> Lineage:
    """The lineage of a training by this process."""
    image = os.environ.get("TRAINING_IMAGE", UNKNOWN)
    return Lineage(
        version=version,
        git_commit=git_commit,
        image=image,
        cpu=cpu(),
        seed=seed,
        data_version=data_version,
        settings_sha256=hashlib.sha256(settings_file.read_bytes()).hexdigest(),
        source_sha256=source_digest(_ROOT),
        libraries=libraries(),
        doubts=tuple(_doubts(git_commit, image)),
    )


def libraries() -> dict[str, str]:
    """Versions of Python and of the packages that a model's numbers depend on."""
    packages = {"numpy": numpy, "pandas": pandas, "scikit-learn": sklearn, "scipy": scipy}
    return {"python": platform.python_version()} | {name: package.__version__ for name, package in packages.items()}


def cpu() -> str:
    """Architecture and model name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{platform.machine()} {model or platform.processor()}".strip()


def _doubts(git_commit: str, image: str) -> list[str]:
    doubts = []
    if git_commit.endswith("-dirty"):
        doubts.append(
            "The work tree held changes that no commit has. To keep the code of a version, train from a commit."
        )
    if git_commit == UNKNOWN:
        doubts.append("The commit of the code is not known. Train from a Git checkout.")
    if image == UNKNOWN:
        doubts.append(
            "It was not trained in the training image. Another machine may have other versions of the libraries."
        )
    return doubts
