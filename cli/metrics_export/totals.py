"""Counters out of sums that CloudWatch has by the minute."""

from collections.abc import Mapping
from datetime import datetime


class Total:
    """The growth of a sum since the first look at it.

    A minute's sum grows while its data come in, which may be minutes after it. What was there at the first look is
    where counting begins, so that an exporter that starts anew counts nothing twice. It never falls.

    Attributes:
        value: 0 at the first look.
    """

    def __init__(self) -> None:
        self.value = 0.0
        self._seen: dict[datetime, float] | None = None
        self._since: datetime | None = None

    def update(self, minutes: Mapping[datetime, float], since: datetime) -> None:
        """
        Args:
            minutes: the sum of each minute that has data, by its start.
            since: from where on they were asked for. What was further back at an earlier look is done with.
        """
        self._since = since = max(since, self._since or since)
        kept = {minute: total for minute, total in minutes.items() if minute >= since}
        if self._seen is None:
            self._seen = kept
            return
        before = {minute: total for minute, total in self._seen.items() if minute >= since}
        self.value += sum(max(0.0, total - before.get(minute, 0.0)) for minute, total in kept.items())
        self._seen = before | {minute: max(total, before.get(minute, 0.0)) for minute, total in kept.items()}
