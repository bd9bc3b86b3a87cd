"""The join of a folder's service `all`, for tests."""

import pyarrow as pa

from training.feature_store import definitions
from training.feature_store.description import describe
from training.feature_store.join import join


def joined(folder, rows, *, data=None):
    defined = definitions.read(folder)
    return join(
        defined,
        describe(defined, "all"),
        pa.Table.from_pandas(rows, preserve_index=False),
        data=data or folder / "data",
    )
