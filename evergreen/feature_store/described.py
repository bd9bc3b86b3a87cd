"""The description of a feature service beside its definitions: what is known of it without Feast."""

import hashlib
from pathlib import Path

from evergreen.errors import InvalidFeatures
from evergreen.feature_store.views import FeatureService

# Of a checkout, and of the job's archive: the folder of the definitions, and in it the description of the service.
DEFINITIONS = "features"
DESCRIPTION = "service.json"
# In the folder of the definitions, on this machine: the histories of the views.
HISTORIES = "data"
_APPLY = "run: evergreen features apply"


def definition_files(folder: Path) -> list[Path]:
    """What says how features are defined: every Python file, and Feast's own settings."""
    return sorted([*folder.rglob("*.py"), *folder.glob("feature_store.yaml")])


def digest_of(folder: Path) -> str:
    """SHA-256 of the definitions, by their names and contents."""
    digest = hashlib.sha256()
    for file in definition_files(folder):
        digest.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def read_description(folder: Path, name: str) -> FeatureService:
    """The service of that name, as it was described last.

    Raises:
        InvalidFeatures: nothing describes the definitions, another service, or definitions that have changed since.
    """
    file = folder / DESCRIPTION
    try:
        service = FeatureService.from_json(file.read_bytes())
    except FileNotFoundError as error:
        raise InvalidFeatures(
            f"model.toml asks for the features of {name!r}, and there is no {file}; {_APPLY}"
        ) from error
    except ValueError as error:
        raise InvalidFeatures(f"{file} is damaged ({error}); {_APPLY}") from error
    if service.name != name:
        raise InvalidFeatures(
            f"model.toml asks for the features of {name!r}, and {file} has {service.name!r}; {_APPLY}"
        )
    if service.digest != digest_of(folder):
        raise InvalidFeatures(f"the definitions in {folder} have changed since {DESCRIPTION} was written; {_APPLY}")
    return service
