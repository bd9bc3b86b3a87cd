"""SageMaker's downloads and uploads for a job, with the job's role."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError


class StorageError(Exception):
    """A job's download, upload or request failed; the message is the job's failure reason."""


def parse_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key` or `https://s3.<region>.amazonaws.com/bucket/key`. Raises StorageError."""
    parts = urlsplit(uri)
    if parts.scheme == "s3":
        return parts.netloc, parts.path.lstrip("/")
    if parts.scheme == "https" and parts.netloc.startswith("s3."):
        bucket, _, key = parts.path.lstrip("/").partition("/")
        return bucket, key
    raise StorageError(f"ClientError: {uri} is not an S3 URI")


class JobStorage:
    """S3 with the credentials of one role. Every failure is a StorageError with the object and S3's answer."""

    def __init__(self, *, endpoint: str, authority: str, region: str, credentials: dict[str, str]) -> None:
        session = boto3.Session(
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
            region_name=region,
        )
        self._s3: Any = session.client("s3", endpoint_url=endpoint, verify=authority)

    def download(self, uri: str, folder: Path) -> None:
        """Download every object whose key begins with the URI's key into `folder`."""
        bucket, prefix = parse_uri(uri)
        folder.mkdir(parents=True, exist_ok=True)
        found = False
        try:
            for key in self._keys(bucket, prefix):
                found = True
                target = folder / _relative(key, prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                self._s3.download_file(bucket, key, str(target))
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"ClientError: Data download failed: {uri}: {error}") from error
        if not found:
            raise StorageError(f"ClientError: Data download failed: no S3 objects found under {uri}")

    def download_listed(self, uri: str, folder: Path) -> None:
        """Download the objects that the manifest at `uri` lists into `folder`, by their paths below its prefix."""
        bucket, key = parse_uri(uri)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            content = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"ClientError: Data download failed: manifest {uri}: {error}") from error
        prefix, names = _read_manifest(uri, content)
        for name in names:
            bucket, key = parse_uri(prefix + name)
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._s3.download_file(bucket, key, str(target))
            except (ClientError, BotoCoreError) as error:
                raise StorageError(f"ClientError: Data download failed: {prefix}{name}: {error}") from error

    def extract(self, uri: str, folder: Path) -> None:
        """Unpack the .tar.gz at `uri` into `folder`."""
        bucket, key = parse_uri(uri)
        archive = folder.with_name(folder.name + ".tar.gz")
        try:
            self._s3.download_file(bucket, key, str(archive))
            with tarfile.open(archive) as opened:
                # Not as an argument of extractall, which Python knows from 3.11.4 on only; Debian 12 has 3.11.2.
                opened.extraction_filter = getattr(tarfile, "data_filter", None)
                opened.extractall(folder)
        except (ClientError, BotoCoreError, tarfile.TarError) as error:
            raise StorageError(f"ClientError: Source archive {uri}: {error}") from error
        finally:
            archive.unlink(missing_ok=True)

    def upload_folder(self, folder: Path, uri: str) -> None:
        """Upload every file in `folder`, below the URI's key."""
        bucket, prefix = parse_uri(uri)
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            self._upload(
                file, bucket, "/".join(filter(None, [prefix.rstrip("/"), file.relative_to(folder).as_posix()]))
            )

    def upload_archive(self, folder: Path, uri: str) -> None:
        """Upload the contents of `folder` as one .tar.gz."""
        archive = folder.with_name(folder.name + ".tar.gz")
        with tarfile.open(archive, "w:gz") as opened:
            for path in sorted(folder.iterdir()):
                opened.add(path, arcname=path.name)
        self._upload(archive, *parse_uri(uri))

    def _upload(self, file: Path, bucket: str, key: str) -> None:
        try:
            self._s3.upload_file(str(file), bucket, key)
        except (ClientError, BotoCoreError, S3UploadFailedError) as error:
            raise StorageError(f"ClientError: Artifact upload failed: s3://{bucket}/{key}: {error}") from error

    def _keys(self, bucket: str, prefix: str) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            # A key that ends in a slash is a folder that the console made.
            yield from (item["Key"] for item in page.get("Contents", []) if not item["Key"].endswith("/"))


def _read_manifest(uri: str, content: bytes) -> tuple[str, list[str]]:
    """The prefix and the paths below it of `[{"prefix": "s3://..."}, "a/b", ...]`."""
    try:
        (first, *names) = json.loads(content)
        prefix = first["prefix"]
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(f"ClientError: {uri} is not a manifest: {error}") from error
    wrong = [name for name in names if not isinstance(name, str) or name.startswith("/") or ".." in name.split("/")]
    if wrong:
        raise StorageError(f"ClientError: {uri} is not a manifest: it lists {wrong[0]!r}")
    if not names:
        raise StorageError(f"ClientError: {uri} lists no objects")
    return prefix, names


def _relative(key: str, prefix: str) -> str:
    """The path to which SageMaker downloads an object: its key below the prefix's last complete folder."""
    folder = prefix if prefix.endswith("/") or not prefix else prefix + "/"
    if not key.startswith(folder):
        folder = prefix.rpartition("/")[0] + "/" if "/" in prefix else ""
    return key.removeprefix(folder)
