"""Dates in text, of ISO 8601 or of a format that [data] date_formats names, as columns of moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from evergreen.contract import dates
from evergreen.contract.date_form import DAY, TIME, ZONED, DateForm

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
# 2024-01, 2024-01-31, 2024/1/31 10:15, 31.01.2024, 1/31/24, 31 Jan 2024, Jan 31, 2024
_DATE = (
    r"(?i)^\s*(?:[0-9]{4}[-/.](?:0?[1-9]|1[0-2])(?:[-/.](?:0?[1-9]|[12][0-9]|3[01]))?"
    r"|(?:0?[1-9]|[12][0-9]|3[01])[-/.](?:0?[1-9]|[12][0-9]|3[01])[-/.](?:[0-9]{2})?[0-9]{2}"
    rf"|(?:0?[1-9]|[12][0-9]|3[01])[- ]{_MONTH}[- ,]+(?:[0-9]{{2}})?[0-9]{{2}}"
    rf"|{_MONTH}\.? (?:0?[1-9]|[12][0-9]|3[01]),? [0-9]{{4}})(?:[T ].*)?$"
)
# Formats that people use. Of two that read the same texts, the first is that of more countries.
_DAYS = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y", "%Y/%m", "%Y-%m-%d"),
    *("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d-%b-%y", "%d %b %y"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", " %H:%M:%S.%f")
# What Arrow reads all at once, as dates.moment reads each of them; by whether it has a time zone.
_AT_ONCE = {
    False: rf"^[12]\d{{3}}-\d\d-\d\d(?:[T ]{dates.CLOCK})?$",
    True: rf"^[12]\d{{3}}-\d\d-\d\d[T ]{dates.CLOCK}(?:{dates.ZONE})$",
}
_BELOW_MILLISECONDS = r"(\.\d{3})\d+"


@dataclass(frozen=True)
class Moments:
    """Texts as moments.

    Attributes:
        seconds: as evergreen/contract/dates.py has them; NaN for a text that is no date, and for a missing one.
        zoned: which of them have a time zone.
    """

    seconds: npt.NDArray[np.float64]
    zoned: npt.NDArray[np.bool_]

    @property
    def known(self) -> int:
        """How many of the texts are dates."""
        return int(np.count_nonzero(~np.isnan(self.seconds)))


def looks_like_dates(distinct: pa.Array) -> bool:
    """Whether most of these texts have the form of a date."""
    return bool(pc.mean(pc.match_substring_regex(distinct, _DATE)).as_py() > 0.5)


def parse(texts: pa.ChunkedArray, formats: Sequence[str]) -> Moments:
    """Read all texts in one way: by ISO 8601 or by one of the formats, whichever reads most of them."""
    encoded = pc.dictionary_encode(texts).combine_chunks()
    distinct = encoded.dictionary
    best = _by_iso_8601(distinct)
    for form in formats:
        if best.known == len(distinct):
            break
        best = max(best, _by_format(distinct.to_pylist(), form), key=lambda found: found.known)
    places = pc.fill_null(encoded.indices, len(distinct)).to_numpy(zero_copy_only=False)
    return Moments(np.append(best.seconds, np.nan)[places], np.append(best.zoned, False)[places])


def _by_iso_8601(texts: pa.Array) -> Moments:
    seconds, zoned = np.full(len(texts), np.nan), np.zeros(len(texts), dtype=bool)
    others = np.ones(len(texts), dtype=bool)
    for has_zone, form in _AT_ONCE.items():
        if not others.any():
            break
        is_so = pc.match_substring_regex(texts, form).to_numpy(zero_copy_only=False)
        try:
            read = pc.replace_substring_regex(texts.filter(pa.array(is_so)), _BELOW_MILLISECONDS, r"\1").cast(
                pa.timestamp("ms", "UTC" if has_zone else None)
            )
        except pa.ArrowInvalid:
            continue  # there is no such day as one of them names
        seconds[is_so], zoned[is_so] = read.cast(pa.int64()).to_numpy() / 1000, has_zone
        others &= ~is_so
    for place in np.flatnonzero(others).tolist():
        try:
            seconds[place], zoned[place] = dates.moment(texts[place].as_py())
        except ValueError:
            continue
    return Moments(seconds, zoned)


def _by_format(texts: Sequence[str], form: str) -> Moments:
    has_zone = "%z" in form
    read = pd.to_datetime(pd.Series(texts, dtype=object), format=form, errors="coerce", utc=has_zone or None)
    seconds = seconds_of(read)
    return Moments(seconds, np.full(len(texts), has_zone) & ~np.isnan(seconds))


def written_like(texts: Sequence[str | None], like: pa.ChunkedArray, formats: Sequence[str]) -> list[str | None]:
    """Dates of ISO 8601 in the format that reads a column, so that both are read in one way; others as they are."""
    distinct = pc.unique(like).drop_null()
    if _by_iso_8601(distinct).known == len(distinct):
        return list(texts)
    form = next((form for form in formats if _by_format(distinct.to_pylist(), form).known == len(distinct)), None)
    found = _by_iso_8601(pa.array([text or "" for text in texts], pa.string()))
    if form is None or found.known < sum(text is not None for text in texts):
        return list(texts)
    moments = pd.to_datetime(pd.Series(found.seconds), unit="s", utc=bool(found.zoned.any()) or None)
    return [None if text is None else moment.strftime(form) for text, moment in zip(texts, moments, strict=True)]


def formats_of(distinct: pa.Array) -> list[str]:
    """The formats that read each of these texts; empty if none does, or they are ISO 8601."""
    if not len(distinct) or _by_iso_8601(distinct[:1]).known:
        return []
    texts = distinct.to_pylist()
    likely = [day + time for day, time in product(_DAYS, _TIMES) if _is_of(texts[0], day + time)]
    return [form for form in likely if _by_format(texts, form).known == len(texts)]


def _is_of(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def as_moments(moments: Moments, like: pd.Series) -> pd.Series:
    """A column of datetime64[ms], in UTC if the texts have time zones, with the index and name of `like`."""
    milliseconds = np.round(moments.seconds * 1000)
    values = np.where(np.isnan(milliseconds), np.iinfo(np.int64).min, milliseconds).astype("int64").view("M8[ms]")
    column = pd.Series(values, index=like.index, name=like.name)
    return column.dt.tz_localize("UTC") if moments.zoned.any() else column


def is_date(column: pd.Series) -> bool:
    """Whether pandas holds the column as moments."""
    return pd.api.types.is_datetime64_any_dtype(column)


def seconds_of(column: pd.Series) -> npt.NDArray[np.float64]:
    """The moments of a column in seconds, NaN for a missing one."""
    naive = column.dt.tz_convert(None) if getattr(column.dtype, "tz", None) else column
    values = naive.to_numpy().astype("M8[ms]")
    return np.where(np.isnat(values), np.nan, values.view("int64") / 1000)


def form_of(column: pd.Series) -> DateForm:
    """Which form the moments of a column have."""
    if getattr(column.dtype, "tz", None):
        return ZONED
    seconds = seconds_of(column)
    return TIME if np.any(seconds[~np.isnan(seconds)] % 86_400) else DAY


def texts_of_dates(column: pd.Series, form: DateForm | None) -> list[str | None]:
    """The moments of a column as requests have them."""
    return [None if second != second else dates.text(second, form) for second in seconds_of(column).tolist()]


def dates_or_texts(texts: pa.ChunkedArray, formats: Sequence[str]) -> list[str | None]:
    """Dates as requests have them; a text that is no date stays as it is."""
    found = parse(texts, formats)
    timed = bool(np.any(found.seconds[~np.isnan(found.seconds)] % 86_400))
    return [
        text if second != second else dates.text(second, ZONED if zoned else TIME if timed else DAY)
        for text, second, zoned in zip(texts.to_pylist(), found.seconds.tolist(), found.zoned.tolist(), strict=True)
    ]
