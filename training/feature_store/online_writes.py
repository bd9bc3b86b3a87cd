"""Feast's DynamoDB online store, with writes that never put an older value in the place of a newer one.

Feast's own writes overwrite whatever is there: a late push, or an old window that is written again, would take a city
back by a month. And its `apply` makes, tags and deletes tables, which are CDK's here.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Literal

import boto3
from botocore.config import Config
from feast import FeatureView, RepoConfig
from feast.infra.online_stores.dynamodb import (
    DynamoDBOnlineStore,
    DynamoDBOnlineStoreConfig,
    _get_table_name,
    _to_client_write_item,
)
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.utils import get_user_agent, make_tzaware

from evergreen.errors import InvalidFeatures
from evergreen.feature_store.online_table import put_if_not_older

# What Feast hands to a store: key, values, event, created.
Row = tuple[EntityKey, dict[str, Value], datetime, datetime | None]
Progress = Callable[[int], Any] | None

_TYPE = "training.feature_store.online_writes.GuardedDynamoDBOnlineStore"


# Feast finds the class of the configuration by its name: that of the store, and Config.
class GuardedDynamoDBOnlineStoreConfig(DynamoDBOnlineStoreConfig):
    """What feature_store.yaml says of it, under `online_store`.

    Attributes:
        write_workers: threads that write.
        total_max_retry_attempts: of one write, in botocore's adaptive mode, which slows down where it is throttled.
    """

    # Feast's own class has another literal here.
    type: Literal["training.feature_store.online_writes.GuardedDynamoDBOnlineStore"] = _TYPE  # type: ignore[assignment]
    write_workers: int = 8
    total_max_retry_attempts: int | None = 10


class GuardedDynamoDBOnlineStore(DynamoDBOnlineStore):
    """The store behind `feast apply`, `materialize`, `push` and `write_to_online_store`; reads are Feast's own.

    Attributes:
        written: rows that were written since it was made.
        refused: rows that were not, because the table had a newer value.
    """

    def __init__(self) -> None:
        super().__init__()
        self.written = self.refused = 0
        self._writer: Any = None

    def update(self, *, config: RepoConfig, tables_to_keep: Sequence[FeatureView], **_: Any) -> None:
        """Check that the tables are there. None is made or deleted.

        Raises:
            InvalidFeatures: some are missing; the message names them.
        """
        client = self._client(config)
        names = [_get_table_name(config.online_store, config, view) for view in tables_to_keep]
        if missing := [name for name in names if not _exists(client, name)]:
            raise InvalidFeatures(_missing(missing))

    def teardown(self, *_: Any, **__: Any) -> None:
        """
        Raises:
            InvalidFeatures: always; a stack's tables are not Feast's to delete.
        """
        raise InvalidFeatures(
            "the online tables belong to the stack: to delete them, take [features] out of model.toml, run cdk deploy"
        )

    def online_write_batch(
        self, config: RepoConfig, table: FeatureView, data: Iterable[Row], progress: Progress
    ) -> None:
        """Write each row whose key has no newer value: of rows with one key, the newest.

        Raises:
            InvalidFeatures: the table is missing.
            ClientError: DynamoDB refused or failed, after all retries. Some rows may be written.
        """
        client, name = self._client(config), _get_table_name(config.online_store, config, table)

        def put(item: dict[str, Any]) -> bool:
            try:
                client.put_item(**put_if_not_older(name, item))
            except client.exceptions.ConditionalCheckFailedException:
                return False
            return True

        try:
            with ThreadPoolExecutor(config.online_store.write_workers) as pool:
                for was_written in pool.map(put, _items(config, data)):
                    self.written += was_written
                    self.refused += not was_written
                    if progress:
                        progress(1)
        except client.exceptions.ResourceNotFoundException as error:
            raise InvalidFeatures(_missing([name])) from error

    async def online_write_batch_async(
        self, config: RepoConfig, table: FeatureView, data: Iterable[Row], progress: Progress
    ) -> None:
        await asyncio.to_thread(self.online_write_batch, config, table, data, progress)

    def update_online_store(self, *_: Any, **__: Any) -> None:
        """
        Raises:
            InvalidFeatures: always: Feast's way to add to a list reads and writes without a guard.
        """
        raise InvalidFeatures("lists cannot be added to online; push whole values")

    async def update_online_store_async(self, *_: Any, **__: Any) -> None:
        self.update_online_store()

    def _client(self, config: RepoConfig) -> Any:
        """DynamoDB's client, which threads share."""
        if self._writer is None:
            online = config.online_store
            self._writer = boto3.client(
                "dynamodb",
                region_name=online.region,
                endpoint_url=online.endpoint_url,
                config=Config(
                    retries={"mode": online.retry_mode, "total_max_attempts": online.total_max_retry_attempts},
                    max_pool_connections=online.write_workers,
                    # A write takes 0.8 ms of botocore's; half as much again if it checks what is made here anyway, and
                    # composes the client's name for each.
                    parameter_validation=False,
                    user_agent=get_user_agent(),
                ),
            )
        return self._writer


def settings() -> dict[str, Any]:
    """The store's part of a configuration, in the region of this process.

    Raises:
        InvalidFeatures: no region is set.
    """
    region = os.environ.get("AWS_REGION") or boto3.session.Session().region_name
    if not region:
        raise InvalidFeatures("no region is set for DynamoDB: set AWS_REGION")
    return {"type": _TYPE, "region": region}


def _items(config: RepoConfig, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The newest row of each key, as an item: by its event, then by when it was created."""
    newest: dict[bytes, Row] = {}
    for row in rows:
        key = row[0].SerializeToString(deterministic=True)
        if key not in newest or _age(newest[key]) <= _age(row):
            newest[key] = row
    return [
        _to_client_write_item(config, key, values, make_tzaware(event).astimezone(UTC))
        for key, values, event, _ in newest.values()
    ]


def _age(row: Row) -> tuple[datetime, datetime]:
    event = make_tzaware(row[2])
    return event, make_tzaware(row[3]) if row[3] else event


def _exists(client: Any, table: str) -> bool:
    try:
        client.describe_table(TableName=table)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True


def _missing(tables: list[str]) -> str:
    return f"the online store has no table {', '.join(map(repr, tables))}: run cdk deploy, which makes them"
