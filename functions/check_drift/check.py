"""A check: a window of captured predictions against the champion's holdout. Reads AWS only through the captures."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from statistics import median
from typing import Any

from evergreen import names
from evergreen.captures.labels import Labels
from evergreen.contract.feature import CATEGORY, NUMBER
from evergreen.number_text import counted, number
from functions.check_drift.capture_files import CaptureFiles, CaptureObject
from functions.check_drift.drift import look_for_drift
from functions.check_drift.late_labels import LateLabels, find_late_labels
from functions.check_drift.quality import judge_quality
from functions.check_drift.result import BROKEN_INPUT, OK, CheckResult
from functions.check_drift.subject import Subject
from functions.check_drift.window import Window

# Share of the window's rows that may be unreadable or of wrong types before the input is called broken.
_BROKEN_SHARE = 0.01
# A window with less than a third, or more than three times, of the usual rows is worth a note.
_UNUSUAL = 3
_REMEMBERED = 7


def check(
    subject: Subject,
    captures: CaptureFiles,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    previous: dict[str, Any],
    judged_until: str = "",
) -> tuple[CheckResult, bytes]:
    """The result, and Evidently's report as HTML; empty if nothing was compared.

    Args:
        start, end: of the window, UTC.
        previous: the result of the check before, as it was stored; empty if there was none.
        judged_until: the greatest id of the predictions that the last renewal has judged on.
    """
    contract = subject.contract
    features = [feature for feature in contract.features if feature.name not in subject.not_captured]

    labels = Labels(subject.quality.labels_from)
    labels.read(_feedback(captures, end - timedelta(days=subject.quality.days), now), captures.faults)
    window = Window(
        start=start,
        end=end,
        version=subject.champion.version,
        features=features,
        predicted=CATEGORY if contract.classes else NUMBER,
        labels=labels,
        faults=captures.faults,
    )
    late = find_late_labels(captures, labels, known=_days(start, now), now=now)
    arrived = captures.objects(names.PREDICTIONS_PREFIX, start, now)
    lag = _read_predictions(captures, window, chain(arrived, late.objects))
    table = window.table()

    result = CheckResult(
        model=subject.model,
        version=subject.champion.version,
        status=OK,
        reason="",
        since=now.isoformat(timespec="seconds"),
        start=start.isoformat(timespec="seconds"),
        end=end.isoformat(timespec="seconds"),
        checked_at=now.isoformat(timespec="seconds"),
        rows=window.rows,
        by_version=dict(window.by_version),
        model_age_days=round((now - datetime.fromisoformat(subject.champion.promoted_at)).total_seconds() / 86400, 3),
        capture_lag_seconds=lag,
        recent_rows=_recent_rows(previous, window),
        new_labels=sum(row.prediction_id > judged_until for row in window.labelled),
    )
    html = look_for_drift(result, table, features, subject)
    judge_quality(result, window.labelled, subject)
    _name_what_is_broken(result, window, captures)
    result.notes += _notes(window, late, previous, subject.not_captured)
    if previous.get("status") == result.status:
        result.since = previous["since"]
    # As for the alarm: a check that cannot tell changes nothing.
    if result.share is None or result.drifting:
        result.drift_since = previous.get("drift_since") or (result.checked_at if result.drifting else None)
    return result, html


def _recent_rows(previous: dict[str, Any], window: Window) -> list[int]:
    """The rows of the last checks and of this one. A window of another length, asked for by hand, is left out."""
    before = list(previous.get("recent_rows", []))
    return [*before, window.rows][-_REMEMBERED:] if _is_as_long(previous, window) else before


def _is_as_long(previous: dict[str, Any], window: Window) -> bool:
    """Whether the window of the previous check was as long as this one, to one percent."""
    if "start" not in previous:
        return True
    before = datetime.fromisoformat(previous["end"]) - datetime.fromisoformat(previous["start"])
    return abs(before - (window.end - window.start)) <= (window.end - window.start) / 100


def _feedback(captures: CaptureFiles, first: datetime, last: datetime) -> Iterator[tuple[dict[str, Any], str]]:
    for found in captures.objects(names.FEEDBACK_PREFIX, first, last):
        for record in captures.records(found):
            yield record, found.key


def _days(first: datetime, last: datetime) -> set[date]:
    """From the day of `first` to that of `last`."""
    return {first.date() + timedelta(days=count) for count in range((last.date() - first.date()).days + 1)}


def _read_predictions(captures: CaptureFiles, window: Window, objects: Iterable[CaptureObject]) -> float | None:
    """Fill the window; return the longest time, in seconds, that a record took from its prediction to S3."""
    lag = None
    for found in objects:
        first = None
        for record in captures.records(found):
            first = first or record
            window.add(record, found.key)
        if first and (predicted := _predicted(first)) and predicted >= window.start:
            lag = max(lag or 0.0, round((found.written - predicted).total_seconds(), 1))
    return lag


def _predicted(record: dict[str, Any]) -> datetime | None:
    try:
        return datetime.strptime(record["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z")
    except (KeyError, TypeError, ValueError):
        return None


def _name_what_is_broken(result: CheckResult, window: Window, captures: CaptureFiles) -> None:
    """Set the status to broken input if objects or lines cannot be read, or too many rows do not fit the contract."""
    wrong = [
        f"{feature}: {found} in {counted(count, 'row')}" for (feature, found), count in window.wrong_cells.most_common()
    ]
    result.notes += wrong
    result.notes += [f"unreadable: {words}" for words in captures.faults.described]
    if captures.faults.count or window.broken_rows > _BROKEN_SHARE * window.rows:
        parts = []
        if captures.faults.count:
            parts.append(f"{number(captures.faults.count)} captured objects or lines cannot be read")
        if window.broken_rows:
            parts.append(f"{number(window.broken_rows)} of {number(window.rows)} rows do not fit the contract")
        if result.reason:
            parts.append(f"of the rest, {result.reason}")
        result.status, result.reason = BROKEN_INPUT, "; ".join(parts)


def _notes(window: Window, late: LateLabels, previous: dict[str, Any], not_captured: Sequence[str]) -> Iterator[str]:
    before = previous.get("recent_rows", [])
    if _is_as_long(previous, window) and len(before) >= _UNUSUAL and median(before) > 0:
        ratio = window.rows / median(before)
        if not 1 / _UNUSUAL <= ratio <= _UNUSUAL:
            yield f"volume: {number(window.rows)} rows, usually about {number(round(median(before)))}"
    if window.duplicates:
        yield f"{number(window.duplicates)} rows were delivered twice and are counted once"
    if window.other_contract:
        rows = number(window.other_contract)
        yield f"{rows} rows by other versions do not fit the contract of this one and are left out"
    labels = window.labels
    if late.days_left_out:
        yield late.note()
    unknown = len(labels) - window.named_by_labels - late.labels_left_out
    if unknown > 0:
        yield f"{number(unknown)} labels name no captured prediction"
    if window.odd_labels:
        yield f"{number(window.odd_labels)} labels are no values of the target, or beyond 1e100, and are left out"
    if labels.changed:
        yield f"{number(labels.changed)} predictions were given several labels; the latest holds"
    if labels.foreign:
        yield (
            f"{counted(labels.foreign, 'prediction')} got labels of callers that [quality] labels_from does not name; "
            "these do not count"
        )
    if not_captured:
        yield f"not captured, so not checked: {', '.join(not_captured)}"
