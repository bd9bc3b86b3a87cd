"""Reads all of a stack. A call that fails leaves what was read before."""

from collections.abc import Callable
from datetime import UTC, datetime

from cli.aws.refusals import FAILURES, explain
from cli.metrics_export.metrics import Metrics, Unanswered
from cli.metrics_export.snapshot import Snapshot
from cli.metrics_export.stack import Alarm, Stack
from evergreen.errors import BrokenBundle
from evergreen.versions.champion import Champion


def _now() -> datetime:
    return datetime.now(UTC)


class Reader:
    """
    Args:
        tell: is given a sentence when something cannot be read any more, or can be read again.
    """

    def __init__(self, stack: Stack, tell: Callable[[str], None], now: Callable[[], datetime] = _now) -> None:
        self._stack = stack
        self._metrics = Metrics(stack)
        self._tell = tell
        self._now = now
        self._alarms: list[Alarm] = []
        self._champion: Champion | None = None
        self._failing: dict[str, str] = {}

    def read(self) -> Snapshot:
        """Ask AWS; GetMetricData is called once at most. What fails is told, and nothing is raised."""
        now = self._now()
        answered = [
            self._try("The alarms", self._read_alarms),
            self._try("The names of metrics", lambda: self._metrics.read_labels(now)),
            self._try("Metrics", lambda: self._metrics.read(self._alarms, now)),
        ]
        return Snapshot(
            bucket_up=self._try("The champion and its version", self._read_champion),
            cloudwatch_up=all(answered),
            values=self._metrics.values(now),
            durations=self._metrics.durations(),
            alarms={alarm.name: alarm.state for alarm in self._alarms},
            champion=self._champion,
            metrics_at=self._metrics.read_at,
        )

    def _read_alarms(self) -> None:
        self._alarms = self._stack.alarms()

    def _read_champion(self) -> None:
        self._champion = self._stack.champion()

    def _try(self, what: str, read: Callable[[], None]) -> bool:
        try:
            read()
        except (*FAILURES, BrokenBundle, Unanswered) as error:
            words = str(explain(error) if isinstance(error, FAILURES) else error)
            if self._failing.get(what) != words:
                self._tell(f"{what} cannot be read, and stay as they were: {words}")
            self._failing[what] = words
            return False
        if self._failing.pop(what, None):
            self._tell(f"{what} can be read again")
        return True
