"""Reads and writes the model bucket through boto3, for the functions off the request path."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import boto3
from aws_lambda_powertools import Logger

from evergreen import names
from evergreen.errors import BrokenBundle, PromotionConflict
from evergreen.versions.bundle import LINEAGE, Bundle
from evergreen.versions.champion import Champion
from functions.conditional_write import put_if_unchanged

logger = Logger(child=True)

# Where a bundle lies, below the prefix of the training job that wrote it.
_BUNDLE_FOLDER = "output/model/"
_CONTENT_TYPES = {
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class PresentChampion:
    """The champion pointer, and the ETag that the next writer must match.

    Attributes:
        champion: None if the pointer cannot be read: then the next promotion replaces it.
    """

    champion: Champion | None
    etag: str


class ModelStore:
    """The model bucket: bundles that jobs wrote, decisions beside them, and the champion pointer."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def key(self, uri: str) -> str:
        """The key of an object named by its s3:// URI.

        Raises:
            BrokenBundle: the URI names another bucket, or is none.
        """
        parts = urlsplit(uri)
        if parts.scheme != "s3" or parts.netloc != self._bucket:
            raise BrokenBundle(f"the bundle {uri!r} is not in the model bucket {self._bucket}")
        return parts.path.lstrip("/")

    def read(self, key: str) -> bytes:
        """
        Raises:
            BrokenBundle: there is no such object.
        """
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
        except self._client.exceptions.NoSuchKey as error:
            raise BrokenBundle(f"s3://{self._bucket}/{key} does not exist") from error
        body: bytes = answer["Body"].read()
        return body

    def bundle(self, prefix: str) -> Bundle:
        """
        Raises:
            BrokenBundle: there is no complete and unchanged bundle at the prefix.
        """
        return Bundle.read(lambda name: self.read(f"{prefix}{name}"))

    def bundles_since(self, model: str, moment: datetime) -> Iterator[str]:
        """The prefixes of the bundles that have been written since then."""
        folder = names.bundles_prefix(model)
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder):
            for item in page.get("Contents", []):
                if item["Key"].endswith(f"/{_BUNDLE_FOLDER}{LINEAGE}") and item["LastModified"] >= moment:
                    yield item["Key"].removesuffix(LINEAGE)

    def write_once(self, prefix: str, files: Mapping[str, bytes]) -> None:
        """Store files by name, in this order. One that is there already stays what it is."""
        for name, content in files.items():
            put_if_unchanged(
                self._client,
                bucket=self._bucket,
                key=f"{prefix}{name}",
                body=content,
                etag=None,
                content_type=_content_type(name),
            )

    def pointer(self, model: str) -> PresentChampion | None:
        """The pointer of a model, or None before the first promotion."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=names.champion_key(model))
        except self._client.exceptions.NoSuchKey:
            return None
        try:
            champion = Champion.from_json(answer["Body"].read())
        except BrokenBundle as error:
            logger.warning(str(error))
            champion = None
        return PresentChampion(champion, answer["ETag"])

    def champion(self, model: str) -> Champion | None:
        """The champion of a model, or None if there is none, or none that can be read."""
        present = self.pointer(model)
        return present.champion if present else None

    def write_champion(self, model: str, champion: Champion, *, replaces: PresentChampion | None) -> None:
        """Write the pointer if it is still the one that was read.

        Raises:
            PromotionConflict: it has been written by another since; this one changed nothing.
        """
        written = put_if_unchanged(
            self._client,
            bucket=self._bucket,
            key=names.champion_key(model),
            body=champion.to_json(),
            etag=replaces.etag if replaces else None,
        )
        if not written:
            raise PromotionConflict(
                f"{champion.version} was not promoted: another promotion of {model} came first. Train again"
            )

    def write_beside(self, prefix: str, files: Mapping[str, bytes]) -> None:
        """Store files of Judge beside a bundle, never in it: the manifest covers only what training wrote.

        Args:
            prefix: of the bundle.
            files: by name, written in this order.
        """
        folder = prefix.removesuffix(_BUNDLE_FOLDER)
        for name, content in files.items():
            self._client.put_object(
                Bucket=self._bucket,
                Key=f"{folder}{name}",
                Body=content,
                ContentType=_content_type(name),
            )


def _content_type(name: str) -> str:
    return _CONTENT_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")


@cache
def model_store() -> ModelStore:
    """The store that the function's environment names."""
    return ModelStore(boto3.client("s3"), os.environ[names.MODEL_BUCKET])
