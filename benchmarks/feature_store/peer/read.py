"""Reads the online store with Feast's own SDK. The working directory is the repository.

python -O -m benchmarks.feature_store.peer.read VIEW.json
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from feast import FeatureStore

from benchmarks.feature_store.reading import serve


def main() -> None:
    view = json.loads(Path(sys.argv[1]).read_bytes())
    (key,) = (each["name"] for each in view["keys"])
    features = [each["name"] for each in view["features"]]
    references = [f"{view['name']}:{name}" for name in features]
    store = FeatureStore(repo_path=".")

    def read(customers: Sequence[str]) -> list[list[float]]:
        rows = [{key: name} for name in customers]
        found = store.get_online_features(features=references, entity_rows=rows).to_dict()
        return [list(values) for values in zip(*(found[name] for name in features), strict=True)]

    serve(read)


if __name__ == "__main__":
    main()
