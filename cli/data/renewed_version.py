"""The version of the data that the next renewal goes on from, without rows that are forgotten."""

import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from cli.aws.renewals import Renewals
from cli.data.storage import DataStorage
from evergreen.errors import CommandFailed
from evergreen.renewal.ledger import Ledger
from evergreen.versions.data_version import CAPTURED, DataFile, DataVersion, folder_version, md5_of


def forget_in_renewals(renewals: Renewals, storage: DataStorage, ids: Collection[str], present: str) -> str:
    """Let no later version hold these rows; returns the new version, empty if the present one is without them.

    A renewal that runs meanwhile is not gone on from.

    Args:
        present: the data version of the champion, which is gone on from if no renewal has made a later one.

    Raises:
        CommandFailed: a renewal has made another version meanwhile.
    """
    before = renewals.ledger().data
    version = _without(storage, before or present, ids)

    def changed(ledger: Ledger) -> Ledger:
        if ledger.data != before:
            raise CommandFailed("a renewal has made another version of the data meanwhile. Run the command again")
        return replace(ledger, data=version or ledger.data, forgets=ledger.forgets + 1)

    renewals.change(changed)
    return version


def _without(storage: DataStorage, version: str, ids: Collection[str]) -> str:
    """The version without these rows, stored; empty if it has none of them."""
    # Imported here, since it takes pyarrow, and most tables have no captured rows.
    from training.collecting import month_files

    files = storage.files(version)
    captured = {name: md5 for name, md5 in files.items() if name.startswith(f"{CAPTURED}/")}
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder)
        for name, md5 in captured.items():
            (table / name).parent.mkdir(exist_ok=True)
            (table / name).write_bytes(storage.content(md5))
        if not month_files.remove(table, ids):
            return ""
        kept = {name: md5 for name, md5 in files.items() if name not in captured}
        left = {name: md5_of(table / name) for name in captured if (table / name).exists()}
        md5s = dict(sorted({**kept, **left}.items()))
        found = tuple(DataFile(name=name, md5=md5, path=table / name) for name, md5 in md5s.items())
        # What is not captured is in the bucket already.
        storage.upload(DataVersion(version=folder_version(md5s), files=found))
        return folder_version(md5s)
