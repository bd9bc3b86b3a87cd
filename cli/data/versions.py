"""All versions of a table, from Git and from the data bucket: find one by its first characters, and fetch it."""

import shutil
import tempfile
from pathlib import Path

from cli.data.dvc_repository import root_of
from cli.data.storage import DataStorage, OnFile
from cli.data.table_history import TableHistory, TableVersion
from evergreen.errors import CommandFailed
from evergreen.names import DVC_PREFIX
from evergreen.versions import data_version
from evergreen.versions.data_version import FOLDER, object_key, read_listing


class DataVersions:
    """The table's versions in Git, and those in the bucket that were trained on without a commit."""

    def __init__(self, table: Path, storage: DataStorage) -> None:
        self.history = TableHistory(table)
        self._storage = storage
        committed = self.history.versions()
        names = {version.version for version in committed}
        stored = [TableVersion(version=name, when=when) for name, when in storage.versions() if name not in names]
        self.all = sorted([*committed, *stored], key=lambda version: version.when, reverse=True)

    def find(self, beginning: str) -> TableVersion:
        """The version with these first characters.

        Raises:
            CommandFailed: no version begins so, or more than one does.
        """
        found = [version for version in self.all if version.version.startswith(beginning)]
        if not found:
            raise CommandFailed(f"there is no data version {beginning}. List them with: evergreen data list")
        if len(found) > 1:
            listed = ", ".join(version.version for version in found[:3])
            raise CommandFailed(
                f"{len(found)} data versions begin with {beginning}: {listed}. Give more characters; "
                "list them with: evergreen data list"
            )
        return found[0]

    def manifest(self, version: TableVersion, on_file: OnFile) -> str:
        """The URI of the manifest, for the workflow; what the bucket lacks is uploaded from DVC's cache or from Git."""
        table = self.history.table
        if self._storage.has(version.version):
            return self._storage.register(version.version, table.name)
        with tempfile.TemporaryDirectory() as folder:
            self.bring(version, Path(folder, table.name), on_file)
            return self._storage.upload(data_version.of_path(Path(folder, table.name)), on_file)

    def bring(self, version: TableVersion, to: Path, on_file: OnFile) -> None:
        """Write a version as the file or folder `to`: from DVC's cache, the bucket, or Git, in this order.

        Raises:
            CommandFailed: the version is in none of them.
        """
        if self._copy_from_cache(version.version, to):
            return
        if self._storage.has(version.version):
            self._storage.download(version.version, to, on_file)
        elif version.commit and self.history.pointer_at(version.commit) is None:
            self.history.write_from_git(version.commit, to)
        else:
            raise CommandFailed(
                f"the data version {version.version} was never pushed to s3://{self._storage.bucket} and is not in "
                "DVC's cache here. Run `evergreen data push` in the clone that added it"
            )

    def _copy_from_cache(self, version: str, to: Path) -> bool:
        root = root_of(self.history.table.parent)
        if root is None:
            return False
        cached = root / ".dvc" / "cache"
        whole = cached / object_key(version).removeprefix(DVC_PREFIX)
        if not whole.is_file():
            return False
        md5s = read_listing(whole.read_bytes()) if version.endswith(FOLDER) else {"": version}
        sources = {name: cached / object_key(md5).removeprefix(DVC_PREFIX) for name, md5 in md5s.items()}
        if not all(source.is_file() for source in sources.values()):
            return False
        for name, source in sources.items():
            file = to / name if name else to
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, file)
        return data_version.of_path(to).version == version
