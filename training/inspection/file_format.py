"""How a CSV file is written: its encoding and its delimiter. What its numbers look like is seen in the columns."""

import codecs
import csv
import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from evergreen.settings.sections import DataSettings
from training.reading.compression import open_unpacked
from training.reading.csv_file import DELIMITERS, UTF_16
from training.reading.table import CSV, format_of

UTF_8, WINDOWS = "utf-8", "cp1252"
# Bytes of the beginning, and rows of it, by which delimiters are compared.
_BEGINNING, _ROWS = 256 << 10, 50
_BLOCK = 4 << 20

File = tuple[str, Path]


def written(files: Sequence[File], *, path: str, target: str) -> DataSettings:
    """The [data] section that reads the files, as far as they can be read without looking at cells.

    Args:
        path: what [data] path says.

    Raises:
        InvalidData: a compressed file is damaged, or holds something else than one file.
    """
    plain = DataSettings(path=path, target=target)
    texts = [file for file in files if format_of(file) == CSV]
    if not texts:
        return plain
    encoding = _encoding(texts)
    return DataSettings(path=path, target=target, encoding=encoding, delimiter=_delimiter(texts[0], encoding))


def _encoding(files: Sequence[File]) -> str:
    """UTF-16 if a file has its mark, UTF-8 if all of them can be read in it, else Windows-1252."""
    for name, path in files:
        with open_unpacked(path, name=name) as stream:
            if stream.read(2) in UTF_16:
                return "utf-16"
    return UTF_8 if all(_is_utf_8(file) for file in files) else WINDOWS


def _is_utf_8(file: File) -> bool:
    decoder = codecs.getincrementaldecoder(UTF_8)()
    with open_unpacked(file[1], name=file[0]) as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _delimiter(file: File, encoding: str) -> str:
    """The one that gives the header and the first rows the same number of cells, the largest such number."""
    with open_unpacked(file[1], name=file[0]) as stream:
        beginning = stream.read(_BEGINNING)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(beginning)
    if len(beginning) == _BEGINNING and "\n" in text:
        text = text[: text.rindex("\n")]
    found = {delimiter: _cells(text, delimiter) for delimiter in DELIMITERS}
    best = max(found, key=lambda delimiter: found[delimiter])
    return best if found[best] > (False, 1) else ","


def _cells(text: str, delimiter: str) -> tuple[bool, int]:
    """Whether all rows have as many cells as the header, more than one, and how many the header has."""
    try:
        rows = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _ROWS))
    except csv.Error:
        return False, 1
    sizes = [len(row) for row in rows if row]
    if not sizes:
        return False, 1
    return sizes[0] > 1 and len(set(sizes)) == 1, sizes[0]
