"""Dates and times of ISO 8601, read as moments: seconds from 1970-01-01, kept to the millisecond.

A moment without a time zone is what the clock on the wall showed; one with a zone is counted in UTC. A column has
either, never both, since the two cannot be told from each other once they are numbers.
"""

import re
from datetime import UTC, datetime, timedelta

from evergreen.contract.date_form import DAY, ZONED, DateForm

# Neither a 24th hour nor a 60th second, of which not every release of Python makes the same.
CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
ZONE = r"Z|[+-]\d\d(?::?\d\d)?"
# 2024-05, 2024-05-31, 2024-05-31T23:59, 2024-05-31 23:59:59.123+02:00; no week dates.
_ISO_8601 = re.compile(
    rf"(\d{{4}}-\d\d)(-\d\d)?(?:(?<=-\d\d-\d\d)[T ]({CLOCK}) ?({ZONE})?)?",
    re.ASCII,
)
_START = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


def moment(text: str) -> tuple[float, bool]:
    """The seconds of a date or time of ISO 8601, and whether it has a time zone. A month is its first day.

    Raises:
        ValueError: it is none, or there is no such day, as 30 February.
    """
    found = _ISO_8601.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no date of ISO 8601")
    month, day, time, zone = found.groups()
    try:
        point = datetime.fromisoformat(f"{month}{day or '-01'}T{time or '00:00'}{zone or ''}")
        clocked = point.astimezone(UTC).replace(tzinfo=None) if zone else point
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999") from error
    return (clocked - _START) // _MILLISECOND / 1000, zone is not None


def clock(seconds: float) -> datetime:
    """The date and time of a moment, without a zone."""
    return _START + timedelta(milliseconds=round(seconds * 1000))


def text(seconds: float, form: DateForm | None) -> str:
    """A moment as ISO 8601: 2024-05-31, 2024-05-31T12:00:00 or 2024-05-31T12:00:00Z."""
    point = clock(seconds)
    if form == DAY:
        return point.date().isoformat()
    return point.isoformat(timespec="milliseconds" if point.microsecond else "seconds") + "Z" * (form == ZONED)


def span(first: float | None, last: float | None, form: DateForm | None) -> str:
    """The range of a column's moments for people."""
    return "no dates" if first is None or last is None else f"{text(first, form)} to {text(last, form)}"
