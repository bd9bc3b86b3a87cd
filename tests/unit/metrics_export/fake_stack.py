"""A stack whose CloudWatch holds what a test puts there, and a clock that stands still."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from cli.metrics_export.queries import Query
from cli.metrics_export.stack import Alarm
from evergreen.versions.champion import Champion

# In the middle of a minute, and of five minutes.
START = datetime(2026, 12, 1, 12, 0, 30, tzinfo=UTC)
CHAMPION = Champion(
    version="20261201-120000-abc", bundle="models/houses/1/", digest="d", promoted_at="2026-12-01T12:00:00+00:00"
)


class FakeStack:
    """Answers as cli.metrics_export.stack.Stack does.

    Attributes:
        calls: the queries of each call of GetMetricData.
        failing: the code of the error that each call is answered with, by the method's name.
        unanswered: metrics that CloudWatch leaves out of its answers.
    """

    namespace = "Evergreen/dev"
    model = "houses"

    def __init__(self, *, has_feature_store: bool = False) -> None:
        self.has_feature_store = has_feature_store
        self.now = START
        self.calls: list[list[Query]] = []
        self.starts: list[datetime] = []
        self.failing: dict[str, str] = {}
        self.unanswered: set[str] = set()
        self.labels: dict[str, list[str]] = {}
        self.present: Champion | None = CHAMPION
        self.alarm_states: list[Alarm] = []
        self._points: dict[tuple[str, str, str], dict[datetime, float]] = defaultdict(dict)

    def put(self, metric: str, statistic: str, value: float, *, at: datetime | None = None, label: str = "") -> None:
        """Have the statistic of the period of a moment be this value."""
        self._points[metric, statistic, label][at or self.now] = value

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    def alarms(self) -> list[Alarm]:
        self._fail("alarms")
        return self.alarm_states

    def values_of(self, metric: str, _service: str, _label: str) -> list[str]:
        self._fail("values_of")
        return [*self.labels.get(metric, [])]

    def points(self, queries, start, end):
        self.calls.append(list(queries))
        self.starts.append(start)
        self._fail("points")
        return {
            query: {
                datetime.fromtimestamp(moment.timestamp() // query.period * query.period, UTC): value
                for moment, value in self._points[query.series.metric, query.statistic, query.value].items()
                if start <= moment < end
            }
            for query in queries
            if query.series.metric not in self.unanswered
        }

    def champion(self) -> Champion | None:
        self._fail("champion")
        return self.present

    def _fail(self, method: str) -> None:
        if code := self.failing.get(method):
            raise ClientError({"Error": {"Code": code, "Message": "Rate exceeded"}}, method)
