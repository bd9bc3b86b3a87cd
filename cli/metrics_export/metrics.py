"""The stack's metrics in CloudWatch, read again and again, and what has been read so far."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from cli.metrics_export.queries import COUNT, MINUTE, MOST_QUERIES, SUM, WINDOW, Query, percentile, queries
from cli.metrics_export.series import CHECKS, QUANTILES, REQUESTS, SERVICES, STORED_FEATURES, Kind, Series
from cli.metrics_export.snapshot import Duration
from cli.metrics_export.stack import Alarm, Points, Stack
from cli.metrics_export.totals import Total

# Data may come so long after their minute.
_LATE = timedelta(hours=1)
# An outage of CloudWatch can be made up for that long.
_OUTAGE = timedelta(days=3)
# A check comes once a month at least. CloudWatch has five minutes for 63 days.
_LAST_CHECK = timedelta(days=32)
# Between two reads of what changes once in hours: each is paid for.
SELDOM = timedelta(minutes=10)
_ABSENT_AFTER = timedelta(minutes=10)
# A check writes the metrics of all features within a moment, which may be the turn of five minutes.
_ONE_CHECK = timedelta(minutes=5)


class Unanswered(Exception):
    """CloudWatch has left out queries of its answer. What it has answered is taken."""


class Metrics:
    """
    Attributes:
        read_at: when they were last read; None if they never were.
    """

    def __init__(self, stack: Stack) -> None:
        self.read_at: datetime | None = None
        self._stack = stack
        self._series = (*REQUESTS, *SERVICES, *CHECKS, *(STORED_FEATURES if stack.has_feature_store else ()))
        self._labels: dict[Series, list[str]] = {}
        self._listed_at: datetime | None = None
        self._asked_at: dict[Query, datetime] = {}
        self._looks_back = False
        self._totals: dict[Query, Total] = {}
        self._newest: dict[Query, tuple[datetime, float]] = {}
        # Of the newest five minutes that are over: quantiles, and the number of requests.
        self._windows: dict[Query, float] = {}

    def read_labels(self, now: datetime) -> None:
        """Look now and then for features and views that are new, or gone.

        CloudWatch lists what had data in the last two weeks. What comes once a month is kept for as long as its value.
        """
        if self._listed_at and now - self._listed_at < SELDOM:
            return
        listed = {
            series: self._stack.values_of(series.metric, series.service, series.label)
            for series in self._series
            if series.label
        }
        for query, (moment, _) in self._newest.items():
            if query.series in listed and moment > now - _LAST_CHECK:
                listed[query.series].append(query.value)
        self._labels = {series: sorted(set(values)) for series, values in listed.items()}
        self._listed_at = now

    def read(self, alarms: Sequence[Alarm], now: datetime) -> None:
        """One call of GetMetricData.

        Args:
            alarms: by which the metrics of AWS's services are found.

        Raises:
            Unanswered: not all of what was asked.
        """
        wanted = list(self._wanted(alarms))
        due, start = self._due(wanted, now)
        answered = self._stack.points(due, start, now + timedelta(seconds=MINUTE))
        for query, points in answered.items():
            self._take(query, points, start, now)
            self._asked_at[query] = now
        # Of a feature that is gone, nothing is left.
        self._newest = {query: newest for query, newest in self._newest.items() if query in wanted}
        if missing := [query for query in due if query not in answered]:
            raise Unanswered(
                f"CloudWatch has not answered {len(missing)} of {len(due)} queries, of {missing[0].series.metric} first"
            )
        self.read_at = now

    def values(self, now: datetime) -> dict[tuple[str, str], float]:
        """Of counters and gauges, by the name of the series and the value of its label."""
        found = {
            (query.series.name, query.value): total.value
            for query, total in self._totals.items()
            if query.series.kind is Kind.COUNTER
        }
        found |= {
            (query.series.name, query.value): value * query.series.scale
            for query, (moment, value) in self._newest.items()
            if self._holds(query.series, moment, now)
        }
        return found

    def durations(self) -> dict[str, Duration]:
        """Of the summaries, by the name of the series."""
        found: dict[Series, dict[str, Query]] = {}
        for query in self._totals:
            if query.series.kind is Kind.DURATION:
                found.setdefault(query.series, {})[query.statistic] = query
        quantiles = {(query.series, query.statistic): value for query, value in self._windows.items()}
        return {
            series.name: Duration(
                count=self._totals[statistics[COUNT]].value,
                seconds=self._totals[statistics[SUM]].value * series.scale,
                quantiles={
                    quantile: quantiles.get((series, percentile(quantile)), math.nan) * series.scale
                    for quantile in QUANTILES
                },
                window_requests=quantiles[series, COUNT],
            )
            for series, statistics in found.items()
            if statistics.keys() >= {COUNT, SUM}
        }

    def _holds(self, series: Series, moment: datetime, now: datetime) -> bool:
        """Whether a value of that moment still says something: of a feature, that the newest check has looked at it."""
        if series.label == "feature":
            newest = max(moment for query, (moment, _) in self._newest.items() if query.series is series)
            return moment >= newest - _ONE_CHECK
        return series.seldom or moment > now - _ABSENT_AFTER

    def _wanted(self, alarms: Sequence[Alarm]) -> Iterator[Query]:
        looked_at = {alarm.name: alarm.metrics for alarm in alarms}
        for series in self._series:
            own = ("service", series.service)
            if series.alarm:
                if dimensions := looked_at.get(series.alarm, {}).get((series.service, series.metric)):
                    yield from queries(series, series.service, dimensions)
            elif series.label:
                for value in self._labels.get(series, []):
                    yield from queries(series, self._stack.namespace, [own, (series.label, value)], value)
            else:
                yield from queries(series, self._stack.namespace, [own])

    def _due(self, wanted: Sequence[Query], now: datetime) -> tuple[list[Query], datetime]:
        """What is asked for now, and from when on.

        What has never been asked for, and changes once in hours, has a call of its own, in place of this minute's: the
        look back to the last check would have too many points of what changes by the minute. It has every second call
        at most, so that one that fails time and again holds up nothing else.
        """
        often = [query for query in wanted if not query.series.seldom]
        seldom = [query for query in wanted if query.series.seldom]
        new = [query for query in seldom if query not in self._asked_at]
        self._looks_back = bool(new and self.read_at and not self._looks_back)
        if self._looks_back:
            return new[:MOST_QUERIES], _window(now - _LAST_CHECK)
        again = [query for query in seldom if query in self._asked_at and now - self._asked_at[query] >= SELDOM]
        due = [*often, *again][:MOST_QUERIES]
        last = min((self._asked_at.get(query, now) for query in due), default=now)
        return due, _window(max(last - _LATE, now - _OUTAGE))

    def _take(self, query: Query, points: Points, start: datetime, now: datetime) -> None:
        complete = _window(now) - timedelta(seconds=WINDOW)
        if query.statistic.startswith("p"):
            self._windows[query] = points.get(complete, math.nan)
        elif query.series.kind is Kind.GAUGE:
            if points:
                moment = max(points)
                self._newest[query] = (moment, points[moment])
        else:
            self._totals.setdefault(query, Total()).update(points, start)
            self._windows[query] = _sum_of(points, complete)


def _window(moment: datetime) -> datetime:
    """When the five minutes by the clock began that a moment is in: AWS may count them from where a call begins."""
    return datetime.fromtimestamp(moment.timestamp() // WINDOW * WINDOW, UTC)


def _sum_of(minutes: Mapping[datetime, float], window: datetime) -> float:
    """Of the five minutes that begin then."""
    end = window + timedelta(seconds=WINDOW)
    return sum(value for minute, value in minutes.items() if window <= minute < end)
