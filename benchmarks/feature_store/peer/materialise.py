"""Writes a repository's history online with Feast's own `materialize`, as a repository that has never been written."""

from datetime import UTC, datetime

from feast import FeatureStore


def main() -> None:
    store = FeatureStore(repo_path=".")
    store.materialize(datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC))
