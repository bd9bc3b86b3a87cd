"""The captures that are read for labels of predictions from before the window.

A caller may invent ids of any day, and each day costs a listing and all of its objects. So what one check reads for
them has limits, and the days with the most labels come first.
"""

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from evergreen import names
from evergreen.number_text import counted, number
from evergreen.prediction_id import predicted_at
from functions.check_drift.capture_files import CaptureFiles, CaptureObject

# How old a prediction may be to be looked up for its label.
_OLDEST = timedelta(days=400)
_MOST_DAYS = 100
# Together they take some seven minutes of the function's fifteen. The request for an object takes as long as 100 KB.
_MOST_BYTES = 2_000_000_000
_REQUEST_BYTES = 100_000


@dataclass(frozen=True)
class LateLabels:
    """
    Attributes:
        objects: to be read.
        days_left_out: how many days are not read.
        labels_left_out: how many labels name a prediction of such a day.
    """

    objects: list[CaptureObject]
    days_left_out: int
    labels_left_out: int

    def note(self) -> str:
        """Of what is left out."""
        return (
            f"{counted(self.labels_left_out, 'label')} of {counted(self.days_left_out, 'day')} before the window are "
            f"left out: beside its window, a check reads at most {_MOST_DAYS} days and "
            f"{number(_MOST_BYTES // 1_000_000)} MB of captures, the days with the most labels first"
        )


def find_late_labels(captures: CaptureFiles, ids: Iterable[str], *, known: Set[date], now: datetime) -> LateLabels:
    """
    Args:
        ids: of the predictions that have a label.
        known: the days that are read anyway, in UTC.
    """
    moments = [moment for id_ in ids if (moment := predicted_at(id_)) and now - _OLDEST <= moment <= now]
    labels = Counter(moment.date() for moment in moments)
    # A prediction from shortly before midnight may arrive after it.
    arrivals = labels + Counter(
        day for moment in moments if (day := (moment + timedelta(hours=1)).date()) not in labels
    )
    days = sorted(arrivals.keys() - known, key=lambda day: (arrivals[day], day), reverse=True)
    objects: list[CaptureObject] = []
    left_out = set(days[_MOST_DAYS:])
    room = _MOST_BYTES
    for day in days[:_MOST_DAYS]:
        moment = datetime.combine(day, time(), UTC)
        found = list(captures.objects(names.PREDICTIONS_PREFIX, moment, moment))
        cost = sum(max(item.size, _REQUEST_BYTES) for item in found)
        if cost > room:
            left_out.add(day)
            continue
        room -= cost
        objects += found
    return LateLabels(sorted(objects, key=lambda item: item.key), len(left_out), sum(labels[day] for day in left_out))
