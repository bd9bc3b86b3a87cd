"""Reads the online store as the predict function does.

python -S -m benchmarks.feature_store.reader VIEW.json PROJECT
"""

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.feature_store.reading import serve
from evergreen import names
from evergreen.feature_store.views import View
from functions.online_store.stored_rows import Asked, State, stored_rows_from_environment


def main() -> None:
    view = View.from_record(json.loads(Path(sys.argv[1]).read_bytes()))
    store = stored_rows_from_environment({**os.environ, names.FEATURE_PROJECT: sys.argv[2]})
    (key,) = view.keys
    features = [feature.name for feature in view.features]

    def read(customers: Sequence[str]) -> list[list[float]]:
        found = store.read([Asked(view, features, [{key.name: name} for name in customers])], datetime.now(UTC))
        assert all(row.state is State.FRESH for row in found.rows[0]), found.failures
        return [[row.values[name] for name in features] for row in found.rows[0]]

    serve(read)


if __name__ == "__main__":
    main()
