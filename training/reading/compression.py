"""Opens a file of a table, unpacked: by its content, whatever its name."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from evergreen.errors import InvalidData

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


@contextmanager
def open_unpacked(path: Path, *, name: str) -> Iterator[BinaryIO]:
    """
    Raises:
        InvalidData: a zip archive holds not exactly one file, or is encrypted; or what is read in
            the context turns out to be damaged.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    try:
        if start.startswith(_GZIP):
            with gzip.open(path, "rb") as unpacked:
                yield cast(BinaryIO, unpacked)
        elif start == _ZIP:
            with _open_zip(path, name) as unpacked:
                yield unpacked
        else:
            with path.open("rb") as stream:
                yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InvalidData(f"{name} is compressed, and damaged: {error}") from error


def _open_zip(path: Path, name: str) -> BinaryIO:
    try:
        archive = zipfile.ZipFile(path)
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise InvalidData(
                f"{name} is a zip archive of {len(members)} files; it must hold the one file of the table. Unpack it "
                "into a folder, and name the folder in [data] path"
            )
        return cast(BinaryIO, archive.open(members[0]))
    except (RuntimeError, NotImplementedError) as error:
        raise InvalidData(f"{name} is a zip archive that cannot be unpacked: {error}") from error
