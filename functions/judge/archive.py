"""Unpacks what a training job uploaded: SageMaker packs the model folder into one archive."""

import io
import re
import tarfile
from pathlib import PurePosixPath

from evergreen.errors import BrokenBundle
from evergreen.versions.bundle import MANIFEST
from functions.model_store import ModelStore

# https://docs.aws.amazon.com/sagemaker/latest/dg/model-train-storage.html: <output path>/<job>/output/model.tar.gz
_ARCHIVE = re.compile(r"(.+/output/model)\.tar\.gz")
# A bundle is read as a whole, and Judge has 3 GB of memory; nobody's holdout is near this.
_MOST_BYTES = 1_000_000_000


def unpack(store: ModelStore, uri: str) -> str:
    """Store the archive's files as a folder beside it, and return the folder's key prefix.

    The manifest comes last, and no file is ever replaced: there is either a complete bundle or none, and one that has
    been judged stays what it was.

    Args:
        uri: the job's ModelArtifacts.

    Raises:
        BrokenBundle: the URI is not that of an archive in the model bucket, or the archive does not hold a bundle.
    """
    key = store.key(uri)
    found = _ARCHIVE.fullmatch(key)
    if not found:
        raise BrokenBundle(f"{uri!r} is not the archive of a training job, output/model.tar.gz")
    files = _files(uri, store.read(key))
    prefix = f"{found[1]}/"
    store.write_once(prefix, {name: files[name] for name in sorted(files, key=lambda name: name == MANIFEST)})
    return prefix


def _files(uri: str, archive: bytes) -> dict[str, bytes]:
    files, size = {}, 0
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
            for member in opened:
                if member.isdir():
                    continue
                path = PurePosixPath(member.name)
                # What is no plain file directly in the model folder, training did not write.
                if not member.isfile() or path.name != str(path):
                    raise BrokenBundle(f"{uri} holds {member.name!r}, which is no file of a bundle")
                size += member.size
                if size > _MOST_BYTES:
                    raise BrokenBundle(f"{uri} holds more than {_MOST_BYTES // 1_000_000} MB: use a smaller holdout")
                files[path.name] = opened.extractfile(member).read()  # type: ignore[union-attr]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BrokenBundle(f"{uri} is not a whole archive: {error}") from error
    return files
