"""The definitions of a folder, read as `feast apply` reads them."""

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from feast.repo_contents import RepoContents
from feast.repo_operations import get_repo_files, parse_repo

from evergreen.errors import InvalidFeatures
from evergreen.feature_store.described import digest_of

STORE_FILE = "feature_store.yaml"
# Of entity keys; Feast has given up version 1.
KEY_VERSIONS = (2, 3)
_NEWEST_KEY_VERSION = 3


@dataclass(frozen=True, kw_only=True)
class Definitions:
    """What a folder defines.

    Attributes:
        contents: Feast's own objects.
        digest: SHA-256 of the files.
        key_version: `entity_key_serialization_version` of feature_store.yaml.
    """

    folder: Path
    contents: RepoContents
    digest: str
    key_version: int


def read(folder: Path) -> Definitions:
    """Import every Python file of the folder, the working directory being the folder meanwhile.

    Raises:
        InvalidFeatures: there is no such folder, or a file cannot be imported.
    """
    if not folder.is_dir():
        raise InvalidFeatures(f"{folder}: no such folder; it should hold the definitions of the feature store")
    folder = folder.resolve()
    files = get_repo_files(folder)
    with contextlib.chdir(folder), _importable(folder, files):
        try:
            contents = parse_repo(folder)
        except Exception as error:
            # The files are the user's own code, so anything may come out of them.
            raise InvalidFeatures(f"{folder.name}/ cannot be read: {_place(error, folder)}{error}") from error
    return Definitions(
        folder=folder, contents=contents, digest=digest_of(folder), key_version=_key_version(folder / STORE_FILE)
    )


@contextlib.contextmanager
def _importable(folder: Path, files: list[Path]) -> Iterator[None]:
    """Within it, the files are modules; after it they are forgotten, so that another folder may have the same names."""
    names = [".".join(file.relative_to(folder).with_suffix("").parts) for file in files]
    for name, file in zip(names, files, strict=True):
        root = name.partition(".")[0]
        spec = importlib.util.find_spec(root)
        # A folder without Python files counts as a module too, one without an origin.
        if root in sys.modules or (spec and spec.origin):
            raise InvalidFeatures(
                f"{file.relative_to(folder)}: Python has a module {root!r} already, and would import that one; "
                "rename the file"
            )
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        roots = {name.partition(".")[0] for name in names}
        for module in set(sys.modules) - before:
            if module.partition(".")[0] in roots:
                del sys.modules[module]


def _place(error: BaseException, folder: Path) -> str:
    """File and line of the folder in which an import failed, as far as that is known."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}: "
    place, trace = "", error.__traceback__
    while trace:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(folder):
            place = f"{file.relative_to(folder)}, line {trace.tb_lineno}: "
        trace = trace.tb_next
    return place


def _key_version(file: Path) -> int:
    if not file.exists():
        return _NEWEST_KEY_VERSION
    try:
        settings = yaml.safe_load(file.read_bytes())
    except yaml.YAMLError as error:
        raise InvalidFeatures(f"{file.name} is not YAML: {error}") from error
    named = settings if isinstance(settings, dict) else {}
    version = named.get("entity_key_serialization_version", _NEWEST_KEY_VERSION)
    if version not in KEY_VERSIONS:
        raise InvalidFeatures(
            f"{file.name}: entity_key_serialization_version is {version!r}; it should be one of {KEY_VERSIONS}"
        )
    return int(version)
