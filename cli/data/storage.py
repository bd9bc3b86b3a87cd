"""The data bucket: objects of data versions under DVC's keys, their manifests, and copies of model.toml."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from botocore.exceptions import ClientError

from cli.aws.target import Target
from evergreen import names
from evergreen.errors import CommandFailed, InvalidData
from evergreen.versions.data_version import (
    FOLDER,
    DataFile,
    DataVersion,
    manifest,
    manifest_key,
    md5_of,
    news_key,
    object_key,
    read_listing,
    version_of_manifest,
)

# Called with the name of each file that is copied.
OnFile = Callable[[str], None]


class DataStorage:
    """Reads and writes the data bucket of a deployed stack. Objects that exist are not uploaded again."""

    def __init__(self, target: Target) -> None:
        self._s3 = target.client("s3")
        self.bucket = target.outputs[names.OUTPUT_DATA_BUCKET]

    def has(self, version: str) -> bool:
        """Whether the version is complete in the bucket: its file, or its folder's listing, which is uploaded last."""
        return self._exists(object_key(version))

    def versions(self) -> list[tuple[str, datetime]]:
        """Every version that has a manifest, with the manifest's time."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=names.DATA_PREFIX)
        found = [item for page in pages for item in page.get("Contents", [])]
        return [
            (version, item["LastModified"])
            for item in found
            if (version := version_of_manifest(item["Key"])) is not None
        ]

    def upload(self, data: DataVersion, on_file: OnFile = lambda _: None, *, news: bool = False) -> str:
        """Upload what the bucket lacks of a version; return the URI of its manifest, which is the workflow's input.

        Args:
            news: whether the stack is told if the version is new, so that it may train on it by itself. Who starts a
                training does not say so.

        Raises:
            InvalidData: a file changed during the upload.
        """
        for file in data.files:
            if not self._exists(object_key(file.md5)):
                on_file(file.name)
                self._send(file)
        if data.listing is not None and not self.has(data.version):
            self._s3.put_object(Bucket=self.bucket, Key=object_key(data.version), Body=data.listing)
        return self._manifest(data, news=news)

    def register(self, version: str, name: str, *, news: bool = False) -> str:
        """The URI of the manifest of a version whose objects are in the bucket already; `news` as of upload."""
        return self._manifest(self._described(version, name, Path()), news=news)

    def download(self, version: str, to: Path, on_file: OnFile = lambda _: None) -> None:
        """Download a version as the file or the folder `to`.

        Raises:
            CommandFailed: an object is not in the bucket, or its content does not have the MD5 of its key.
        """
        for file in self._described(version, to.name, to).files:
            on_file(file.name)
            file.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._s3.download_file(self.bucket, object_key(file.md5), str(file.path))
            except ClientError as error:
                raise self._missing(file.md5, error) from error
            if md5_of(file.path) != file.md5:
                raise CommandFailed(
                    f"s3://{self.bucket}/{object_key(file.md5)} was altered: its content has another MD5"
                )

    def files(self, version: str) -> dict[str, str]:
        """The MD5 of each file of a folder's version, by the path in it; nothing for the version of a single file.

        Raises:
            CommandFailed: its listing is not in the bucket.
        """
        if not version.endswith(FOLDER):
            return {}
        return {file.name: file.md5 for file in self._described(version, "", Path()).files}

    def content(self, md5: str) -> bytes:
        """
        Raises:
            CommandFailed: the object is not in the bucket.
        """
        try:
            content: bytes = self._s3.get_object(Bucket=self.bucket, Key=object_key(md5))["Body"].read()
        except ClientError as error:
            raise self._missing(md5, error) from error
        return content

    def upload_settings(self, file: Path) -> str:
        """Upload model.toml under its SHA-256, unless it is there; return its URI."""
        key = names.settings_key(hashlib.sha256(file.read_bytes()).hexdigest())
        if not self._exists(key):
            self._s3.upload_file(str(file), self.bucket, key)
        return f"s3://{self.bucket}/{key}"

    def download_settings(self, sha256: str, to: Path) -> None:
        """Download the model.toml that has this SHA-256.

        Raises:
            CommandFailed: the bucket has no settings of this SHA-256.
        """
        try:
            self._s3.download_file(self.bucket, names.settings_key(sha256), str(to))
        except ClientError as error:
            raise CommandFailed(f"s3://{self.bucket}/{names.settings_key(sha256)} cannot be read: {error}") from error

    def _described(self, version: str, name: str, to: Path) -> DataVersion:
        if not version.endswith(FOLDER):
            return DataVersion(version=version, files=(DataFile(name=name, md5=version, path=to),))
        entries = sorted(read_listing(self.content(version)).items())
        return DataVersion(
            version=version, files=tuple(DataFile(name=file, md5=md5, path=to / file) for file, md5 in entries)
        )

    def _send(self, file: DataFile) -> None:
        self._s3.upload_file(str(file.path), self.bucket, object_key(file.md5))
        if md5_of(file.path) != file.md5:
            # Remove it: the key promises a content, to DVC too.
            self._s3.delete_object(Bucket=self.bucket, Key=object_key(file.md5))
            raise InvalidData(f"{file.name} was changed while it was uploaded. Run the command again when it is whole")

    def _manifest(self, data: DataVersion, *, news: bool) -> str:
        key = manifest_key(data.version)
        if not self._exists(key):
            self._s3.put_object(Bucket=self.bucket, Key=key, Body=manifest(data, self.bucket))
            if news:
                self._s3.put_object(Bucket=self.bucket, Key=news_key(data.version), Body=b"")
        return f"s3://{self.bucket}/{key}"

    def _exists(self, key: str) -> bool:
        """Asked by a list: of an object that is not there, S3 answers 403 to whoever may not list the whole bucket."""
        found = self._s3.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
        return any(item["Key"] == key for item in found.get("Contents", []))

    def _missing(self, md5: str, error: ClientError) -> CommandFailed:
        return CommandFailed(f"s3://{self.bucket}/{object_key(md5)} cannot be read: {error}")
