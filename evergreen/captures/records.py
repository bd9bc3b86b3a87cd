"""Reads what capture objects hold: JSON lines, gzipped or not, or Parquet."""

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from evergreen import names

# What holds the prediction ids in the records under a prefix.
ROWS_OF = {names.PREDICTIONS_PREFIX: "rows", names.FEEDBACK_PREFIX: "labels"}
# How many broken objects and lines are described; all are counted.
_DESCRIBED = 10
# "CWL CONTROL MESSAGE: Checking health of destination Firehose."
_CONTROL_MESSAGE = re.compile(r"CWL CONTROL MESSAGE: [^.{]*\.?\s*")
_DECODER = json.JSONDecoder()


@dataclass
class Faults:
    """The objects and lines that could not be read: their number, and a sentence on each of the first few."""

    count: int = 0
    described: list[str] = field(default_factory=list)

    def add(self, words: str) -> None:
        self.count += 1
        if len(self.described) < _DESCRIBED:
            self.described.append(words)


def require_form(record: dict[str, Any], message: str) -> None:
    """
    Raises:
        KeyError: the record is none of this message, or of a later form of it.
    """
    if record["message"] != message or record["capture"] != names.CAPTURE_FORMAT:
        raise KeyError(f"capture format {record['capture']!r}")


def read_records(content: bytes, name: str, faults: Faults) -> Iterator[dict[str, Any]]:
    """The records in an object's content.

    CloudWatch Logs itself sends a message through each new subscription. Whether Firehose leaves it out is not
    documented; it is no record, and no fault.

    Raises:
        EOFError, zlib.error, gzip.BadGzipFile: the rest of it cannot be read.
    """
    if content.startswith(b"PAR1"):
        yield from _read_parquet(content, name, faults)
        return
    stream: io.BytesIO | gzip.GzipFile = io.BytesIO(content)
    if content.startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=stream)
    for number, line in enumerate(stream, 1):
        try:
            # Decoded by the line: a byte that is not UTF-8 costs one line.
            yield from _documents(line.decode().strip())
        except (ValueError, RecursionError) as error:
            faults.add(f"{name} line {number} is not JSON: {error}")


def read_sound_records(content: bytes, name: str, faults: Faults) -> Iterator[dict[str, Any]]:
    """The same, but what cannot be unpacked is a fault too."""
    try:
        yield from read_records(content, name, faults)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        faults.add(f"{name} is broken gzip: {error}")


def _documents(line: str) -> Iterator[dict[str, Any]]:
    """The JSON objects of a line: one, or several that were delivered without a break between them."""
    position = 0
    while position < len(line):
        if control := _CONTROL_MESSAGE.match(line, position):
            position = control.end()
            continue
        document, position = _DECODER.raw_decode(line, position)
        if not isinstance(document, dict):
            raise json.JSONDecodeError("not a record", line, position)
        if document.get("messageType") != "CONTROL_MESSAGE":
            yield document
        while position < len(line) and line[position].isspace():
            position += 1


def _read_parquet(content: bytes, name: str, faults: Faults) -> Iterator[dict[str, Any]]:
    # Imported here, since JSON lines do not need it.
    import pyarrow
    import pyarrow.parquet

    try:
        for batch in pyarrow.parquet.ParquetFile(io.BytesIO(content)).iter_batches():
            yield from batch.to_pylist()
    # It raises OSError for a damaged page, UnicodeDecodeError for a damaged text.
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        faults.add(f"{name} is broken Parquet: {error}")
