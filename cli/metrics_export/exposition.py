"""A snapshot as Prometheus reads it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from cli.metrics_export.series import ALL, Kind, Series
from cli.metrics_export.snapshot import Duration, Snapshot

ALARM_STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")


class StackCollector(Collector):
    """Collected at each scrape."""

    def __init__(self, model: str, snapshot: Callable[[], Snapshot]) -> None:
        self._model = model
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        return families(self._snapshot(), self._model, datetime.now(UTC))

    def describe(self) -> Iterable[Metric]:
        """Nothing: prometheus_client would else collect, that is ask AWS, when it is given this collector."""
        return []


def families(snapshot: Snapshot, model: str, now: datetime) -> Iterator[Metric]:
    """Each metric with its HELP, TYPE and samples; without one that has no sample."""
    yield from _of_the_exporter(snapshot, now)
    yield from _of_the_model(snapshot, model)
    if snapshot.alarms:
        yield _alarms(snapshot.alarms)
    for series in ALL:
        if series.kind is Kind.DURATION:
            if series.name in snapshot.durations:
                yield from _summary(series, snapshot.durations[series.name])
            continue
        found = {value: number for (name, value), number in snapshot.values.items() if name == series.name}
        if found:
            yield _family(series, found)


def _of_the_exporter(snapshot: Snapshot, now: datetime) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "evergreen_cloudwatch_up",
        "1 if CloudWatch has answered all that it was asked last, else 0: the last values are served then.",
        float(snapshot.cloudwatch_up),
    )
    yield GaugeMetricFamily(
        "evergreen_model_bucket_up",
        "1 if the champion could be looked up in S3 when it was last asked, else 0: the last one is served then.",
        float(snapshot.bucket_up),
    )
    if snapshot.metrics_at:
        yield GaugeMetricFamily(
            "evergreen_cloudwatch_age_seconds",
            "Time since metrics were last read from CloudWatch; absent if they never were.",
            (now - snapshot.metrics_at).total_seconds(),
        )


def _of_the_model(snapshot: Snapshot, model: str) -> Iterator[Metric]:
    champion = snapshot.champion
    if champion is None:
        return
    yield InfoMetricFamily(
        "evergreen_model",
        "1, with the model's name and the version that is champion; absent before the first promotion.",
        {"model": model, "version": champion.version},
    )
    yield GaugeMetricFamily(
        "evergreen_model_promoted_timestamp_seconds",
        "When the champion was promoted, as Unix time.",
        datetime.fromisoformat(champion.promoted_at).timestamp(),
    )


def _alarms(alarms: Mapping[str, str]) -> Metric:
    family = GaugeMetricFamily(
        "evergreen_alarm_state",
        "1 for the state that an alarm of the stack is in, as CloudWatch has it; 0 for the other two.",
        labels=("alarm", "state"),
    )
    for alarm, present in sorted(alarms.items()):
        for state in ALARM_STATES:
            family.add_metric((alarm, state), float(state == present))
    return family


def _family(series: Series, found: Mapping[str, float]) -> Metric:
    family_of = CounterMetricFamily if series.kind is Kind.COUNTER else GaugeMetricFamily
    family: Metric = family_of(series.name, series.help, labels=(series.label,) if series.label else ())
    for value, number in sorted(found.items()):
        family.add_sample(
            f"{series.name}_total" if series.kind is Kind.COUNTER else series.name,
            {series.label: value} if series.label else {},
            number,
        )
    return family


def _summary(series: Series, duration: Duration) -> Iterator[Metric]:
    """prometheus_client's own family of summaries has no quantiles."""
    family = Metric(series.name, series.help, "summary")
    for quantile, seconds in duration.quantiles.items():
        family.add_sample(series.name, {"quantile": quantile}, seconds)
    family.add_sample(f"{series.name}_count", {}, duration.count)
    family.add_sample(f"{series.name}_sum", {}, duration.seconds)
    yield family
    yield GaugeMetricFamily(
        series.window_requests,
        f"Requests in the five minutes that the quantiles of {series.name} are of.",
        duration.window_requests,
    )
