"""Feast's store of a process: what stands in feature_store.yaml elsewhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from feast import Entity, FeatureService, FeatureStore, FeatureView, RepoConfig

from evergreen.feature_store.views import FeatureService as Described
from training.feature_store.definitions import Definitions
from training.feature_store.description import service_of


def open_store(
    *, project: str, registry: Path, key_version: int, online: dict[str, Any] | None = None, batch: int | None = None
) -> FeatureStore:
    """A store with a registry in a local file and its history in Parquet files, which DuckDB reads.

    Args:
        online: configuration of the online store; without it there is none.
        batch: rows that are written online at a time. Without it, Feast has all of them in memory several times.
    """
    config = RepoConfig(
        project=project,
        provider="local",
        registry=str(registry),
        offline_store={"type": "duckdb"},
        online_store=online,
        entity_key_serialization_version=key_version,
        materialization={"online_write_batch_size": batch},
    )
    return FeatureStore(config=config)


def objects_of(definitions: Definitions, service: Described) -> Sequence[Entity | FeatureView | FeatureService]:
    """Feast's own objects of one service: its entities, its views, itself."""
    names = {view.name for view in service.views}
    views = [view for view in definitions.contents.feature_views if view.name in names]
    entities = {name for view in views for name in view.entities}
    return [
        *(entity for entity in definitions.contents.entities if entity.name in entities),
        *views,
        service_of(definitions, service.name),
    ]
