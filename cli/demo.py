"""evergreen demo: the whole story on this machine, from an empty cloud to an alarm that someone is told of."""

import csv
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import watching
from cli.console import Step, Steps, console
from cli.embedded import ENVIRONMENT, deployed_cloud
from cli.endpoint import Endpoint, RequestRefused
from cli.target import CHECKOUT, Target
from cli.train import run_training
from evergreen import names
from evergreen.contract import NUMBER
from evergreen.errors import CommandFailed

HOME = CHECKOUT / ".evergreen" / "demo"
LATER = CHECKOUT / "data" / "texas_2007_2015.csv"
CITIES = ("Austin", "Dallas", "El Paso", "Houston", "San Antonio")

# Rejected requests to send before giving up on the alarm.
_MAX_REJECTED = 40

_NEXT = (
    ("make up", "the same cloud until Ctrl-C, with an endpoint and MLflow to look at"),
    ("model.toml", "the one file to edit for a table of your own"),
    ("docs/architecture.md", "what is where, and where to change it"),
    (f"cdk deploy evergreen-{ENVIRONMENT}", "the same stack in an AWS account"),
)


@dataclass(frozen=True)
class CityMonth:
    """A row of the later data: the features as the model takes them, and what happened."""

    features: dict[str, Any]
    median: float


def demo(port: Annotated[int | None, typer.Option(help="Port of the cloud; a free one if not given.")] = None) -> None:
    """Deploy, train, predict and alarm on this machine, then stop everything."""
    steps = Steps()
    console.print("[bold]Evergreen demo[/]: the whole stack on this machine, with no account and no Docker\n")
    with deployed_cloud(HOME, steps, port=port) as (_, target):
        inbox = watching.Inbox(target)
        run_training(target, CHECKOUT / "model.toml", steps)
        endpoint = Endpoint(target)
        with steps.step("First prediction over HTTPS, cold start included"):
            features = endpoint.model()["contract"]["features"]
            months = _city_months({"1"}, CITIES, features)
            first = endpoint.predict({"features": months[0].features})
        first_served = steps.elapsed()
        _show_predictions(endpoint, months, first)
        with steps.step("The rest of the first quarter of 2007") as step:
            others = [month for month in _city_months({"1", "2", "3"}, None, features) if month not in months]
            _replay(endpoint, others, step)
        with steps.step("Read the metrics back from CloudWatch"):
            metrics = watching.metric_sums(target)
        _show_metrics(metrics)
        with steps.step("Rejected requests until the alarm fires"):
            refusal, sent = _reject_until_alarm(target, endpoint, months[0])
        console.print(f"  The field 'city' was sent as 'town' in {sent} requests. The last answer:", markup=False)
        for problem in refusal.body["errors"]:
            text = f"    {refusal.status}  {problem['field']}: expected {problem['expected']}, got {problem['got']}"
            console.print(text, style="yellow", markup=False, soft_wrap=True)
        with steps.step("Notification by SNS"):
            message = inbox.receive()
        _show_notification(message)
    _show_summary(steps, first_served)


def _city_months(months: set[str], cities: Collection[str] | None, features: list[dict[str, Any]]) -> list[CityMonth]:
    """Months of 2007, which the model has not seen, with their true price."""
    with LATER.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["year"] == "2007" and row["month"] in months]
    return [
        CityMonth(
            features={
                feature["name"]: _cell(row[feature["name"]], number=feature["type"] == NUMBER) for feature in features
            },
            median=float(row["median"]),
        )
        for row in rows
        # A month without sales has no price, and leaves fields empty that training always had.
        if row["median"] and (cities is None or row["city"] in cities)
    ]


def _cell(word: str, *, number: bool) -> str | float | None:
    if word == "":
        return None
    return float(word) if number else word


def _show_predictions(endpoint: Endpoint, months: list[CityMonth], first: dict[str, Any]) -> None:
    answers = [first, *(endpoint.predict({"features": month.features}) for month in months[1:])]
    table = Table("City, January 2007", "Predicted", "True median price", "Error")
    for column in table.columns[1:]:
        column.justify = "right"
    for month, answer in zip(months, answers, strict=True):
        error = answer["prediction"] / month.median - 1
        table.add_row(month.features["city"], f"{answer['prediction']:,.0f}", f"{month.median:,.0f}", f"{error:+.1%}")
    console.print(table)
    for warning in first.get("warnings", []):
        console.print(f"  Each answer warns: {warning}", style="dim", markup=False, soft_wrap=True)


def _replay(endpoint: Endpoint, months: list[CityMonth], step: Step) -> None:
    """Ordinary traffic: one request per city-month."""
    deviations = []
    for count, month in enumerate(months, 1):
        answer = endpoint.predict({"features": month.features})
        deviations.append(abs(answer["prediction"] / month.median - 1))
        step.progress(f"{count} of {len(months)} requests")
    step.result = f"{len(months)} requests, mean error {sum(deviations) / len(deviations):.1%}"


def _show_metrics(metrics: dict[str, watching.Statistics]) -> None:
    table = Table("Metric", "Count", "Sum", "Average")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, statistics in metrics.items():
        table.add_row(name, f"{statistics.count:.0f}", f"{statistics.total:.1f}", f"{statistics.average:.2f}")
    console.print(table)


def _reject_until_alarm(target: Target, endpoint: Endpoint, month: CityMonth) -> tuple[RequestRefused, int]:
    """Send a renamed field, as a careless change upstream would, until CloudWatch puts the alarm into ALARM."""
    renamed = {("town" if name == "city" else name): value for name, value in month.features.items()}
    for sent in range(1, _MAX_REJECTED + 1):
        try:
            endpoint.predict({"features": renamed})
        except RequestRefused as refusal:
            if watching.alarm_state(target, names.REJECTED_REQUESTS) == "ALARM":
                return refusal, sent
        else:
            raise CommandFailed("the endpoint accepted a row with a renamed field")
    raise CommandFailed(f"the alarm on rejected requests did not fire after {_MAX_REJECTED} rejected requests")


def _show_notification(message: watching.Notification) -> None:
    console.print(f"  Subject: {message.subject}", markup=False)
    alarm = json.loads(message.message)
    console.print(f"  {alarm['AlarmDescription']}", style="yellow", markup=False, soft_wrap=True)
    console.print(f"  {alarm['NewStateReason']}", style="dim", markup=False, soft_wrap=True)


def _show_summary(steps: Steps, first_served: float) -> None:
    console.print("\n[bold]What ran[/]")
    for step in steps.done:
        console.print(f"  {step.title:<52} {step.seconds:6.1f} s", markup=False)
    console.print(f"  {'everything':<52} {steps.elapsed():6.1f} s", markup=False)
    console.print(f"  The first prediction was served {first_served:.1f} s after the start.", markup=False)
    console.print("\n[bold]Where to look next[/] (the demo has stopped all that it started)")
    for what, why in _NEXT:
        console.print(f"  {what:<26} {why}", markup=False, soft_wrap=True)
