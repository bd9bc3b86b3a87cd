"""A day of captured predictions on disk, as the predict function and Firehose write it, and an S3 client that reads it.

Each line has the form that the function's logger writes; its rows come from benchmarks.table. The same seed gives the
same rows, so that a peer can get them as a frame.
"""

import gzip
import io
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from aws_lambda_powertools import Logger

from benchmarks.table import Table
from evergreen import names
from evergreen.monitoring.drift.comparison import PREDICTION
from evergreen.prediction_id import new_prediction_id
from functions.predict.records import LogPolicy
from functions.predict.scoring import ScoredRow

START = datetime(2026, 11, 20, tzinfo=UTC)
END = START + timedelta(days=1)
VERSION, DIGEST = "7", "0" * 64
REFERENCE_ROWS = 5_000
# Firehose delivers an object at this size, measured before compression.
_OBJECT_BYTES = 16 * 2**20
_DECIMALS = 6
# Configured like Powertools' own encoder; _logged_line asserts that a line of the logger is the same.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_SEED = 13

TABLE = Table(numbers=10)


def rows(count: int, *, stream: int) -> pd.DataFrame:
    """Features and predictions: `stream` 0 is the window, 1 the reference."""
    table = TABLE.draw(count, np.random.default_rng([_SEED, stream])).round(_DECIMALS)
    table[PREDICTION] = table["normal"] * 3.0 + 100.0
    return table


def write(folder: Path, window: pd.DataFrame, *, rows_per_record: int) -> int:
    """Write the day's objects; return their size in bytes before compression."""
    day = folder / f"{names.PREDICTIONS_PREFIX}{START:%Y/%m/%d}"
    day.mkdir(parents=True)
    total, size, count = 0, 0, 0
    part: list[str] = []

    def deliver() -> None:
        nonlocal size, count
        (day / f"{count:06}.jsonl.gz").write_bytes(gzip.compress("".join(part).encode(), compresslevel=1))
        part.clear()
        size, count = 0, count + 1

    for line in _lines(window, rows_per_record):
        part.append(line)
        size += len(line)
        total += len(line)
        if size >= _OBJECT_BYTES:
            deliver()
    if part:
        deliver()
    return total


def _lines(window: pd.DataFrame, rows_per_record: int) -> Iterator[str]:
    template, policy = _logged_line(), LogPolicy(1.0, frozenset())
    apart = (END - START) / len(window)
    features = [column for column in window if column != PREDICTION]
    # Columns of Python values, as a request has them.
    values = zip(*(window[name].tolist() for name in features), strict=True)
    predictions = window[PREDICTION].tolist()
    batch: list[dict[str, Any]] = []
    for index, (row, prediction) in enumerate(zip(values, predictions, strict=True)):
        scored = ScoredRow(new_prediction_id(), prediction, dict(zip(features, row, strict=True)), [])
        batch.append(scored.as_record())
        if len(batch) == rows_per_record or index == len(window) - 1:
            when = (START + index * apart).strftime("%Y-%m-%d %H:%M:%S,%f")[:23] + "+0000"
            own = {"timestamp": when, "function_request_id": str(uuid.uuid4())}
            for lined in policy.lines(batch):
                yield _ENCODER.encode({**template, **own, "rows": lined}) + "\n"
            batch = []


@cache
def _logged_line() -> dict[str, Any]:
    """What the logger of the predict function writes for a record without rows."""
    written = io.StringIO()
    logger = Logger(service=names.METRIC_SERVICE, level="INFO", stream=written)

    @logger.inject_lambda_context
    def handler(_event: dict[str, Any], _context: Any) -> None:
        version = {"model_version": VERSION, "model_digest": DIGEST}
        extra = {"capture": names.CAPTURE_FORMAT, **version, "duration_ms": 0.123, "rows": []}
        logger.info(names.RECORD_PREDICT, extra=extra)

    function = "evergreen-dev-PredictFunction"
    context = SimpleNamespace(
        function_name=function,
        memory_limit_in_mb="512",
        invoked_function_arn=f"arn:aws:lambda:eu-central-1:000000000000:function:{function}",
        aws_request_id=str(uuid.uuid4()),
    )
    handler({}, context)
    line: dict[str, Any] = json.loads(written.getvalue())
    assert _ENCODER.encode(line) == written.getvalue().rstrip("\n")
    return line


class FolderClient:
    """The S3 operations that a check needs, on a folder instead of a bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_paginator(self, _operation: str) -> "FolderClient":
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        found = sorted((self._folder / Prefix).glob("*"))
        yield {
            "Contents": [
                {"Key": str(path.relative_to(self._folder)), "LastModified": END, "Size": path.stat().st_size}
                for path in found
            ]
        }

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002
        return {"Body": (self._folder / Key).open("rb")}
