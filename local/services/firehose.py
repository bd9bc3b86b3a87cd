"""Firehose's buffer and processors, which ministack lacks.

What arrives at a destination within the buffering interval becomes one object, without delimiters of Firehose's own:
https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html. The interval that the stack asks for, a minute, is
two seconds here, so that nobody waits long.
"""

import contextvars
import gzip
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from local import engine

BUFFER_SECONDS = 2.0
_logger = logging.getLogger(__name__)

Records = list[tuple[str, bytes]]


def install() -> Callable[[], None]:
    """Returns what delivers at once all that waits."""
    process, deliver = engine.FIREHOSE_PROCESS.get(), engine.FIREHOSE_DELIVER.get()
    waiting: dict[int, tuple[contextvars.Context, dict, dict, Records]] = {}
    # Records come in threads of requests and of log subscriptions, deliveries are made in those of timers.
    changing = threading.Lock()

    def buffer(stream: dict, dest: dict, records: Records) -> None:
        with changing:
            is_first = id(dest) not in waiting
            if is_first:
                waiting[id(dest)] = contextvars.copy_context(), stream, dest, []
            waiting[id(dest)][-1].extend(records)
        if is_first:
            timer = threading.Timer(BUFFER_SECONDS, flush, (id(dest),))
            timer.daemon = True
            timer.start()

    def flush(destination: int) -> None:
        with changing:
            found = waiting.pop(destination, None)
        if found:
            context, stream, dest, records = found
            context.run(deliver_logged, stream, dest, records)

    def deliver_logged(stream: dict, dest: dict, records: Records) -> None:
        try:
            deliver(stream, dest, records)
        except Exception:  # On AWS it goes to the error prefix; whoever put the records has left long ago.
            _logger.exception("%s could not deliver %d records", stream["name"], len(records))

    def flush_all() -> None:
        for destination in list(waiting):
            flush(destination)

    def process_all(
        stream: dict, dest: dict, records: Records, metadata_sink: Any = None, partition_sink: Any = None
    ) -> Records:
        unpacked = process(stream, dest, _unpack(dest, records), metadata_sink, partition_sink)
        return [("", _compress(dest, b"".join(data for _, data in unpacked)))] if unpacked else []

    engine.FIREHOSE_PROCESS.replace(process_all)
    engine.FIREHOSE_DELIVER.replace(buffer)
    return flush_all


def _unpack(destination: dict, records: Records) -> Records:
    """The Decompression and CloudWatchLogProcessing processors, for the destinations that ask for them."""
    processing = (destination.get("config") or {}).get("ProcessingConfiguration") or {}
    if not processing.get("Enabled"):
        return records
    for processor in processing.get("Processors") or []:
        given = {item["ParameterName"]: item["ParameterValue"] for item in processor.get("Parameters") or []}
        if processor.get("Type") == "Decompression":
            records = [(name, gzip.decompress(data)) for name, data in records]
        elif processor.get("Type") == "CloudWatchLogProcessing" and _is_true(given.get("DataMessageExtraction")):
            # Control messages too: AWS does not say that its processor leaves them out.
            records = [(name, _messages(data)) for name, data in records]
        elif processor.get("Type") == "AppendDelimiterToRecord":
            delimiter = given.get("Delimiter", "\\n").encode().decode("unicode_escape").encode()
            records = [(name, data + delimiter) for name, data in records]
    return records


def _compress(destination: dict, content: bytes) -> bytes:
    """Compress an object if the destination asks for GZIP, which ministack ignores."""
    return gzip.compress(content) if (destination.get("config") or {}).get("CompressionFormat") == "GZIP" else content


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _messages(envelope: bytes) -> bytes:
    """The messages of an envelope, each with a line break at its end."""
    events = json.loads(envelope)["logEvents"]
    return "".join(event["message"].rstrip("\n") + "\n" for event in events).encode()
