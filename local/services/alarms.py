"""CloudWatch alarms as AWS evaluates them.

ministack pools all periods and all dimensions of a metric, ignores missing data, evaluates only after PutMetricData,
and notifies topics only. Here an alarm is evaluated on its own dimensions and by period, with `DatapointsToAlarm`,
`EvaluationPeriods` and `TreatMissingData`. It is also evaluated every few seconds, and it can invoke a function.

Where data are missing, older ones are judged: more periods are looked at than the alarm names
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html). How many more, AWS leaves
open; its example has two.

Periods end now instead of at full minutes, so that an alarm reacts to a metric at once. Of metric math, one form is
evaluated (metric_math.py); alarms on anomaly bands are not.
"""

import logging
import operator
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from local import engine
from local.services import metric_math, queue_metrics

_EVERY_SECONDS = 5.0
_OLDER_PERIODS = 2
_logger = logging.getLogger(__name__)
_evaluating = threading.RLock()

_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to the threshold",
    "GreaterThanThreshold": "greater than the threshold",
    "LessThanThreshold": "less than the threshold",
    "LessThanOrEqualToThreshold": "less than or equal to the threshold",
}


def install() -> None:
    """Evaluate ministack's alarms with this module."""
    engine.EVALUATE_ALARM.replace(evaluate)


def evaluate_periodically() -> None:
    """Evaluate all alarms every few seconds: data ages, and some metrics are recorded without an evaluation."""
    threading.Thread(target=_evaluate_forever, name="alarms", daemon=True).start()


def _evaluate_forever() -> None:
    while True:
        time.sleep(_EVERY_SECONDS)
        try:
            # ministack keeps them by account, region and name, and shows those of the present region.
            for region in {region for _, region, _ in list(engine.ALARMS.get()._data)}:
                engine.SET_REGION(region)
                for alarm in list(engine.ALARMS.get().values()):
                    evaluate(alarm)
        except Exception:  # The thread serves all alarms: an alarm that cannot be evaluated must not end it.
            _logger.exception("an alarm could not be evaluated")


def evaluate(alarm: dict) -> None:
    """Set the alarm to the state that follows from its metric's data, and start the actions of that state."""
    with _evaluating:
        breaches = _BREACHES.get(alarm.get("ComparisonOperator", ""))
        if not alarm.get("MetricName") or breaches is None:
            return
        found = _values_of_math(alarm) if alarm.get(metric_math.METRICS) else _values(alarm)
        values = newest(found, _evaluation_periods(alarm))
        if alarm["Namespace"] == queue_metrics.NAMESPACE:
            queue_metrics.record(_dimensions(alarm)["QueueName"])
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
        _transition(alarm, state, _reason(values, alarm["ComparisonOperator"], threshold, firing=state == "ALARM"))


def newest(values: Sequence[float | None], periods: int) -> list[float | None]:
    """The newest values of so many periods that have one, then None for each that lacks.

    Args:
        values: of each period in the evaluation range, newest first.
    """
    known = [value for value in values if value is not None][:periods]
    return [*known, *[None] * (periods - len(known))]


def next_state(breaching: Sequence[bool | None], *, current: str, datapoints_to_alarm: int, missing: str) -> str:
    """The state OK, ALARM or INSUFFICIENT_DATA.

    Args:
        breaching: for each period, whether it breaches the threshold; None for a period without data.
        missing: the alarm's TreatMissingData.
    """
    if missing in ("breaching", "notBreaching"):
        known = [missing == "breaching" if verdict is None else verdict for verdict in breaching]
    else:
        known = [verdict for verdict in breaching if verdict is not None]
    if not known:
        return current if missing == "ignore" else "INSUFFICIENT_DATA"
    return "ALARM" if sum(known) >= min(datapoints_to_alarm, len(known)) else "OK"


def _values(alarm: Mapping) -> list[float | None]:
    """The statistic in each period of the evaluation range, newest first."""
    key = (alarm["Namespace"], alarm["MetricName"], engine.DIMENSIONS_KEY(_dimensions(alarm)))
    points = list(engine.METRICS.get().get(key) or [])
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    period, now = float(alarm.get("Period") or 60), time.time()
    values: list[float | None] = []
    for index in range(_evaluation_periods(alarm) + _OLDER_PERIODS):
        end = now - index * period
        # A timestamp a little ahead of the clock belongs to the newest period.
        inside = [p for p in points if p["Timestamp"] > end - period and (index == 0 or p["Timestamp"] <= end)]
        statistics = engine.CALCULATE_STATISTICS(inside)
        values.append(engine.STATISTIC_VALUE(statistics, statistic, inside) if statistics else None)
    return values


def _evaluation_periods(alarm: Mapping) -> int:
    return int(alarm.get("EvaluationPeriods") or 1)


def _values_of_math(alarm: Mapping) -> list[float | None]:
    """The same of an alarm on metric math."""
    condition, metrics = metric_math.parts_of(alarm)
    by_id = {}
    for id_, stat in metrics.items():
        name = stat["Stat"]
        percentile = name if name.startswith("p") else None
        own = {"ExtendedStatistic": percentile, "Statistic": None if percentile else name, "Period": stat["Period"]}
        by_id[id_] = _values({**alarm, **stat["Metric"], **own})
    periods = len(next(iter(by_id.values())))
    return [condition.value({id_: values[index] for id_, values in by_id.items()}) for index in range(periods)]


def _reason(values: Sequence[float | None], comparison: str, threshold: float, *, firing: bool) -> str:
    """The state reason, in the words of CloudWatch."""
    known = [f"{value:g}" for value in values if value is not None]
    if not known:
        return "Threshold Crossed: no datapoints were received in the last period."
    was = "was" if firing else "was not"
    return f"Threshold Crossed: {len(known)} datapoint [{', '.join(known)}] {was} {_WORDS[comparison]} ({threshold:g})."


def _dimensions(alarm: Mapping) -> dict[str, str]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions") or []}


def _transition(alarm: dict, state: str, reason: str) -> None:
    old = alarm["StateValue"]
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    engine.RECORD_HISTORY(alarm["AlarmName"], old, state, reason)
    engine.DISPATCH_ALARM_ACTIONS(alarm, old, state, reason)
    _invoke_functions(alarm, old, state, reason)
    engine.EVALUATE_PARENT_ALARMS(alarm)


def _invoke_functions(alarm: Mapping, old: str, state: str, reason: str) -> None:
    """Invoke the functions among the new state's actions, with the event that CloudWatch sends.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
    """
    chosen = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}[state]
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": f"arn:aws:cloudwatch:{engine.REGION()}:{engine.ACCOUNT_ID()}:alarm:{alarm['AlarmName']}",
        "accountId": engine.ACCOUNT_ID(),
        "time": moment,
        "region": engine.REGION(),
        "alarmData": {
            "alarmName": alarm["AlarmName"],
            "state": {"value": state, "reason": reason, "timestamp": moment},
            "previousState": {"value": old},
            "configuration": {"description": alarm.get("AlarmDescription") or ""},
        },
    }
    for arn in alarm.get(chosen) or []:
        if ":function:" in arn:
            engine.INVOKE_ASYNCHRONOUSLY(engine.FUNCTIONS.get()[arn.split(":function:")[1].split(":")[0]], event)
