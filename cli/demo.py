"""evergreen demo: the whole story on this machine, from an empty cloud to an alarm that someone is told of."""

import csv
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import watching
from cli.console import Steps, console
from cli.embedded import ENVIRONMENT, deployed_cloud
from cli.endpoint import Endpoint, RequestRefused
from cli.target import CHECKOUT, Target
from cli.train import run_training
from evergreen import names
from evergreen.errors import CommandFailed

HOME = CHECKOUT / ".evergreen" / "demo"
LATER = CHECKOUT / "data" / "texas_2007_2015.csv"
CITIES = ("Austin", "Dallas", "El Paso", "Houston", "San Antonio")

# Rejected requests to send before giving up on the alarm.
_MAX_REJECTED = 40


@dataclass(frozen=True)
class CityMonth:
    """A row of the later data: the features as the model takes them, and what happened."""

    features: dict[str, Any]
    median: float


def demo(port: Annotated[int | None, typer.Option(help="Port of the cloud; a free one if not given.")] = None) -> None:
    """Deploy, train, predict and alarm on this machine, then stop everything."""
    steps = Steps()
    console.print("[bold]Evergreen demo[/]: the whole stack on this machine, with no account and no Docker\n")
    with deployed_cloud(HOME, steps, port=port) as (cloud, target):
        inbox = watching.Inbox(target)
        run_training(target, CHECKOUT / "model.toml", steps)
        endpoint = Endpoint(target)
        months = _first_months_of_2007(endpoint.model()["contract"]["features"])
        with steps.step("First prediction over HTTPS"):
            first = endpoint.predict({"features": months[0].features})
        first_served = steps.elapsed()
        _show_predictions(endpoint, months, first)
        with steps.step("Read the metrics back from CloudWatch"):
            metrics = watching.metric_sums(target)
        _show_metrics(metrics)
        with steps.step("Rejected requests until the alarm fires"):
            refusal, sent = _reject_until_alarm(target, endpoint, months[0])
        console.print(f"  The field 'city' was sent as 'town', {sent} times. Each answer:", markup=False)
        console.print(f"    {refusal}", style="yellow", markup=False)
        with steps.step("Notification by SNS"):
            message = inbox.receive()
        _show_notification(message)
        log_group = watching.log_group_of_predict(target)
        tracking_uri = cloud.tracking_uri
    _show_summary(steps, first_served)
    console.print(f"  MLflow ran at {tracking_uri}, the function's log group was {log_group}.", markup=False)


def _first_months_of_2007(features: list[dict[str, Any]]) -> list[CityMonth]:
    """January 2007 of some cities: what the model has not seen."""
    with LATER.open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["city"] in CITIES and row["year"] == "2007"]
    return [
        CityMonth(
            features={
                feature["name"]: _cell(row[feature["name"]], number=feature["type"] == "number") for feature in features
            },
            median=float(row["median"]),
        )
        for row in rows
        if row["month"] == "1"
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
    console.print(f"  {message.description}", style="yellow", markup=False)
    console.print(f"  {message.reason}", style="dim", markup=False)


def _show_summary(steps: Steps, first_served: float) -> None:
    console.print("\n[bold]What ran[/]")
    for step in steps.done:
        console.print(f"  {step.title:<52} {step.seconds:6.1f} s", markup=False)
    console.print(f"  {'all':<52} {steps.elapsed():6.1f} s", markup=False)
    console.print(f"\nThe first prediction was served {first_served:.1f} s after the start.", markup=False)
    console.print("Everything is stopped. [bold]Where to look next[/]")
    console.print("  make up                 the same, until Ctrl-C, with an endpoint to call", markup=False)
    console.print("  model.toml              the file to edit for a table of your own", markup=False)
    console.print("  docs/architecture.md    what is where, and where to change it", markup=False)
    console.print(f"  cdk deploy evergreen-{ENVIRONMENT}    the same stack in an AWS account", markup=False)
