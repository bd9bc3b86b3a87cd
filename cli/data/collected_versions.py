"""Which versions of the table hold the captured row of a prediction."""

from collections.abc import Callable, Collection

from cli.data.storage import DataStorage
from evergreen.versions.data_version import CAPTURED


def versions_with(storage: DataStorage, ids: Collection[str], progress: Callable[[str], None]) -> list[str]:
    """Those in the bucket, the newest last.

    Raises:
        CommandFailed: the bucket lacks an object of a version.
    """
    holds: dict[str, bool] = {}
    found = []
    for version, _ in sorted(storage.versions(), key=lambda each: each[1]):
        captured = [md5 for name, md5 in storage.files(version).items() if name.startswith(f"{CAPTURED}/")]
        for md5 in captured:
            if md5 not in holds:
                progress(version)
                holds[md5] = _holds(storage.content(md5), ids)
        if any(holds[md5] for md5 in captured):
            found.append(version)
    return found


def _holds(content: bytes, ids: Collection[str]) -> bool:
    # Imported here, since it takes pyarrow, and most tables have no captured rows.
    from training.collecting.month_files import ids_of

    return not ids_of(content).isdisjoint(ids)
