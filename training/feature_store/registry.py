"""The registry of a store: a local file, which is uploaded, with Feast's version beside it.

Feast reads a registry of any version, and writes back what it understands of it.
"""

import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from feast import FeatureStore
from feast.protos.feast.core.Registry_pb2 import Registry
from google.protobuf.message import DecodeError
from packaging.version import InvalidVersion, Version

from evergreen.errors import InvalidFeatures
from training.feature_store import program


def version_file(registry: Path) -> Path:
    return registry.with_name(f"{registry.name}.version")


def take_over(registry: Path, copy: Path) -> bool:
    """Copy a registry of this Feast, to be changed; one of an older Feast, or an empty or broken one, is begun anew.

    Returns: whether it was copied.

    Raises:
        InvalidFeatures: it is of a newer Feast.
    """
    if not registry.exists():
        return False
    here, written_by = Version(metadata.version("feast")), _version(version_file(registry))
    if written_by and written_by > here:
        raise InvalidFeatures(
            f"{registry.name} was written by Feast {written_by}, and this is {here}, which would lose what it does not "
            "know: update features/requirements.in, or delete the registry"
        )
    if written_by != here or not _is_whole(registry):
        print(f"{registry.name} is written anew: it is of Feast {written_by or 'of no known version'}, empty or broken")
        return False
    shutil.copyfile(registry, copy)
    return True


def apply(store: FeatureStore, objects: Sequence[Any]) -> None:
    """Make the registry hold these objects and no others.

    Raises:
        InvalidFeatures: a view has no online table.
    """
    names = {(type(each), each.name) for each in objects}
    listed = (store.list_feature_services(), store.list_feature_views(), store.list_entities())
    stale = [each for kind in listed for each in kind if (type(each), each.name) not in names]
    store.apply(list(objects), objects_to_delete=stale, partial=False)


def put_back(copy: Path, registry: Path) -> None:
    """Put the changed copy in the place of the registry, with this Feast's version beside it."""
    with program.whole(registry) as part:
        shutil.copyfile(copy, part)
    with program.whole(version_file(registry)) as part:
        part.write_text(metadata.version("feast") + "\n")


def _version(file: Path) -> Version | None:
    try:
        return Version(file.read_text().strip())
    except (FileNotFoundError, InvalidVersion):
        return None


def _is_whole(registry: Path) -> bool:
    try:
        return bool(registry.stat().st_size and Registry.FromString(registry.read_bytes()))
    except DecodeError:
        return False
