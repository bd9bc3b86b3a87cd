"""Prediction ids: UUIDs of version 7, which carry the time of the prediction.

A record is found by its id alone, without a search through every day's captures.
Source: RFC 9562, section 5.7.
"""

import os
import time
from datetime import UTC, datetime

_VERSION = 7
_VARIANT = 0b10


def new_prediction_id() -> str:
    """An id that is unique, and greater than those of earlier milliseconds."""
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = time.time_ns() // 1_000_000
    high = random >> 68  # 12 of the 80 random bits
    low = random & ((1 << 62) - 1)
    value = milliseconds << 80 | _VERSION << 76 | high << 64 | _VARIANT << 62 | low
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def predicted_at(prediction_id: str) -> datetime | None:
    """When the prediction was made, in UTC; None if the id is none of ours."""
    # Here, because who makes ids needs none of it, and counts the milliseconds of its start.
    import uuid

    try:
        parsed = uuid.UUID(prediction_id)
    except ValueError:
        return None
    if parsed.version != _VERSION:
        return None
    try:
        return datetime.fromtimestamp((parsed.int >> 80) / 1000, UTC)
    except ValueError:
        # Beyond the year 9999: an id that a caller has made up.
        return None
