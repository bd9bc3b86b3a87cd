"""CloudWatch alarms as AWS evaluates them.

ministack pools all periods and all dimensions of a metric, knows no missing data, and looks only when somebody
calls PutMetricData. Here an alarm sees its own dimensions, period by period, `DatapointsToAlarm` of
`EvaluationPeriods`, missing data as the alarm says, and is evaluated every few seconds besides.

Periods end now instead of at full minutes, so that a metric is acted on at once. Alarms on metric math and
anomaly bands are not evaluated.
"""

import logging
import operator
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from local import engine

_EVERY_SECONDS = 5.0
_logger = logging.getLogger(__name__)
_evaluating = threading.RLock()

_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def install() -> None:
    engine.EVALUATE_ALARM.replace(evaluate)


def evaluate_periodically() -> None:
    """Time passing changes alarms too: data runs out, and some metrics are recorded without an evaluation."""
    threading.Thread(target=_evaluate_forever, name="alarms", daemon=True).start()


def _evaluate_forever() -> None:
    while True:
        time.sleep(_EVERY_SECONDS)
        try:
            for alarm in list(engine.ALARMS.get().values()):
                evaluate(alarm)
        except Exception:  # This thread serves all alarms: one that cannot be evaluated must not end it.
            _logger.exception("an alarm could not be evaluated")


def evaluate(alarm: dict) -> None:
    """Move the alarm to the state that its metric's data call for, and fire the actions of that state."""
    with _evaluating:
        breaches = _BREACHES.get(alarm.get("ComparisonOperator", ""))
        if not alarm.get("MetricName") or breaches is None:
            return
        values = _values(alarm)
        threshold = float(alarm.get("Threshold", 0))
        breaching = [None if value is None else breaches(value, threshold) for value in values]
        state = next_state(
            breaching,
            current=alarm["StateValue"],
            datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or len(values)),
            missing=alarm.get("TreatMissingData") or "missing",
        )
        if state == alarm["StateValue"]:
            return
        seen = ", ".join("no data" if value is None else f"{value:g}" for value in values)
        _transition(alarm, state, f"Threshold Crossed: {seen}; {alarm['ComparisonOperator']} {threshold:g}")


def next_state(breaching: Sequence[bool | None], *, current: str, datapoints_to_alarm: int, missing: str) -> str:
    """OK, ALARM or INSUFFICIENT_DATA, from one verdict per period; None stands for a period without data.

    `missing` is the alarm's TreatMissingData.
    """
    if missing in ("breaching", "notBreaching"):
        known = [missing == "breaching" if verdict is None else verdict for verdict in breaching]
    else:
        known = [verdict for verdict in breaching if verdict is not None]
    if not known:
        return current if missing == "ignore" else "INSUFFICIENT_DATA"
    return "ALARM" if sum(known) >= min(datapoints_to_alarm, len(known)) else "OK"


def _values(alarm: Mapping) -> list[float | None]:
    """The statistic in each of the alarm's periods, newest first."""
    dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions") or []}
    key = (alarm["Namespace"], alarm["MetricName"], engine.DIMENSIONS_KEY(dimensions))
    points = list(engine.METRICS.get().get(key) or [])
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    period, now = float(alarm.get("Period") or 60), time.time()
    values: list[float | None] = []
    for index in range(int(alarm.get("EvaluationPeriods") or 1)):
        end = now - index * period
        # A timestamp may lie a little ahead of the clock: it belongs to the newest period.
        inside = [p for p in points if p["Timestamp"] > end - period and (index == 0 or p["Timestamp"] <= end)]
        statistics = engine.CALCULATE_STATISTICS(inside)
        values.append(engine.STATISTIC_VALUE(statistics, statistic, inside) if statistics else None)
    return values


def _transition(alarm: dict, state: str, reason: str) -> None:
    old = alarm["StateValue"]
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    engine.RECORD_HISTORY(alarm["AlarmName"], old, state, reason)
    engine.DISPATCH_ALARM_ACTIONS(alarm, old, state, reason)
    engine.EVALUATE_PARENT_ALARMS(alarm)
