"""The online tables and the histories of a deployed stack's feature views."""

import hashlib
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import pyarrow.parquet as pq

from cli.aws.target import Target, client_of
from cli.feature_store.pushed_file import EVENT, PushedRows
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.feature_store.keys import KeyValue, WrongKey, zoned
from evergreen.feature_store.online_table import OnlineRow, OnlineTable, Unread, item, put_if_not_older
from evergreen.feature_store.protobuf import FormatError
from evergreen.feature_store.views import FeatureService, Source, Typed, View

_AT_ONCE = 16


class FeatureStore:
    """
    Attributes:
        workflow: the ARN of the one that writes what is new online.
    """

    def __init__(self, target: Target, service: FeatureService) -> None:
        """
        Raises:
            CommandFailed: the stack has no feature store.
        """
        self.workflow = target.outputs.get(names.OUTPUT_FEATURE_WORKFLOW, "")
        stack = names.stack_name(target.environment)
        if not self.workflow:
            raise CommandFailed(
                f"{stack} has no feature store: name a feature service in [features] of model.toml, then run: "
                f"evergreen features apply && cdk deploy {stack} (on a laptop: make up)"
            )
        self._service = service
        self._project = target.outputs[names.OUTPUT_FEATURE_PROJECT]
        self._bucket = target.outputs[names.OUTPUT_DATA_BUCKET]
        self._s3 = target.client("s3")
        self._dynamodb = client_of(target.session, "dynamodb", connections=_AT_ONCE)

    def get(self, view: View, key: Mapping[str, KeyValue]) -> OnlineRow | None:
        """What is online of an entity.

        Raises:
            CommandFailed: the key is not of the view's types, or DynamoDB does not give the row, or not as Feast writes
                it.
        """
        table = OnlineTable(
            names.online_table(self._project, view.name),
            view.keys,
            send=self._dynamodb.batch_get_item,
            version=self._service.key_version,
            pause=lambda round_: time.sleep(0.1 * 2**round_),
        )
        try:
            return table.read([key], [feature.name for feature in view.features])[0]
        except (WrongKey, FormatError) as error:
            raise CommandFailed(str(error)) from error
        except Unread as error:
            raise CommandFailed(f"{error}: DynamoDB is busy; ask again in a minute") from error

    def histories(self, source: Source) -> list[dict[str, Any]]:
        """The files of a view's history, as S3 lists them."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=_folder(source))
        return [each for page in pages for each in page.get("Contents", []) if each["Key"].endswith(".parquet")]

    def require_histories(self) -> None:
        """
        Raises:
            CommandFailed: a view has no history in the data bucket, so that a job could neither join nor write it.
        """
        if empty := [view.name for view in self._service.views if not self.histories(self._service.sources[view.name])]:
            raise CommandFailed(
                f"there is no history of {', '.join(empty)} in the data bucket. Bring it with: evergreen features push "
                f"FILE --view {empty[0]}"
            )

    def last_run(self) -> dict[str, Any]:
        """What the last run of the workflow has found and written: `at`, and by view `views`; empty if none has run."""
        key = f"{names.REGISTRY_PREFIX}{self._project}/{names.MATERIALISED}"
        # S3 calls a missing object missing only to those who may list the whole bucket.
        if not self._s3.list_objects_v2(Bucket=self._bucket, Prefix=key).get("KeyCount"):
            return {}
        return dict(json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()))

    def add_to_history(self, rows: PushedRows) -> str:
        """Store the rows as a file of the view's history. Returns its key.

        What is pushed again without a moment since when it is known is known anew, and stays known since before.
        """
        source = self._service.sources[rows.view.name]
        content = io.BytesIO()
        pq.write_table(rows.as_history(source), content)
        digest = hashlib.sha256(json.dumps(rows.table.to_pylist(), default=str).encode()).hexdigest()
        key = f"{_folder(source)}pushed-{digest[:16]}.parquet"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content.getvalue())
        return key

    def write_online(self, rows: PushedRows) -> Iterator[bool]:
        """Write the newest row of each entity; of each, whether it was: not where a newer one is there already.

        Raises:
            CommandFailed: a key or a value is not of the view's type.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(lambda row: self._put(rows.view, row), rows.newest())

    def _put(self, view: View, row: Mapping[str, Any]) -> bool:
        values = {feature.name: row[feature.name] for feature in view.features}
        written = item(view, row, values, row[EVENT], version=self._service.key_version)
        try:
            self._dynamodb.put_item(**put_if_not_older(names.online_table(self._project, view.name), written))
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _folder(source: Source) -> str:
    """The key prefix of a view's history."""
    return f"{names.HISTORIES_PREFIX}{PurePosixPath(source.folder).relative_to('data')}/"


def key_of(keys: Sequence[Typed], given: Sequence[str]) -> dict[str, KeyValue]:
    """A key as it is written on the command line: name=value for each join key, or the value of the only one.

    Raises:
        CommandFailed: a join key is missing or unknown, or its value is of another type.
    """
    types = {key.name: key.type for key in keys}
    wanted = " ".join(f"{name}=…" for name in types)
    pairs = [f"{keys[0].name}={given[0]}"] if len(keys) == len(given) == 1 and "=" not in given[0] else given
    split = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(split) != len(given) or split.keys() != types.keys():
        raise CommandFailed(f"the key must be given as: {wanted}")
    return {name: _value(name, text, types[name]) for name, text in split.items()}


def _value(name: str, text: str, type_: str) -> KeyValue:
    try:
        if type_ in ("int32", "int64"):
            return int(text)
        if type_ == "unix_timestamp":
            return zoned(datetime.fromisoformat(text))
    except ValueError as error:
        raise CommandFailed(f"{name} must be of type {type_}, got {text!r}") from error
    return text.encode() if type_ == "bytes" else text
