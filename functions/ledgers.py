"""Reads and changes the ledger of renewal in the model bucket."""

from collections.abc import Callable
from typing import Any

from evergreen import names
from evergreen.errors import EvergreenError
from evergreen.renewal.ledger import Ledger
from functions.conditional_write import put_if_unchanged

# How many writes are tried. Each failed one means that another writer was faster.
_ATTEMPTS = 8


class LedgerIsBusy(EvergreenError):
    """Others went on changing the ledger. Nothing was changed by this one; it may be tried again."""


class Ledgers:
    """The ledger of one model: an object in S3 that is written by compare and swap."""

    def __init__(self, client: Any, bucket: str, model: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = names.ledger_key(model)

    def read(self) -> Ledger:
        """The ledger; an empty one before the first renewal.

        Raises:
            UnreadableLedger: the object is no ledger.
        """
        return self._read()[0]

    def change(self, update: Callable[[Ledger], Ledger]) -> Ledger:
        """Replace the ledger by what `update` makes of it, which is called again if another writer was faster.

        Raises:
            UnreadableLedger: the object is no ledger.
            LedgerIsBusy: others were faster again and again.
        """
        for _ in range(_ATTEMPTS):
            present, etag = self._read()
            changed = update(present)
            if changed == present:
                return present
            if put_if_unchanged(
                self._client, bucket=self._bucket, key=self._key, body=changed.to_json(), etag=etag or None
            ):
                return changed
        raise LedgerIsBusy(f"s3://{self._bucket}/{self._key} is being changed by others. Try again in a minute")

    def _read(self) -> tuple[Ledger, str]:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
        except self._client.exceptions.NoSuchKey:
            return Ledger(), ""
        return Ledger.from_json(answer["Body"].read()), answer["ETag"]
