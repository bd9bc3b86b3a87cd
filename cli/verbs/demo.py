"""evergreen demo: the whole stack on this machine, from an empty cloud to the notification of an alarm."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.aws.cards import Cards
from cli.aws.checks import Checks, show
from cli.aws.endpoint import Endpoint, RequestRefused
from cli.aws.inbox import Inbox
from cli.aws.inbox import show as show_notification
from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT, Target
from cli.console import PlainTable, Steps, console
from cli.demo import candidates, telemetry
from cli.demo.replay import CITIES, CityMonth, city_months, replay
from cli.embedded import ENVIRONMENT, deployed_cloud
from cli.training_progress import run_training
from cli.verbs.dashboard import write_dashboard
from cli.verbs.rollback import roll_back
from cli.verbs.versions import show_versions
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.number_text import counted, number, percent

HOME = CHECKOUT / ".evergreen" / "demo"
# What is written of tables of one's own, a folder for each.
TABLES = CHECKOUT / ".evergreen" / "tables"
FIRST_HALF, SECOND_HALF = range(1, 7), range(7, 13)

# The most rejected requests to send while waiting for the alarm.
_MAX_REJECTED = 40

# The pages that the demo leaves in its folder.
_PAGES = {
    "Model card": "model-card.html",
    "Data sheet": "data-sheet.html",
    "Dashboard": "dashboard.html",
    "Drift report": "drift-2010.html",
}

_NEXT = (
    ("make up", "the same cloud until Ctrl-C, with an endpoint and MLflow to look at"),
    ("model.toml", "the one file to edit for a table of your own"),
    ("docs/architecture.md", "what is where, and where to change it"),
    (f"cdk deploy evergreen-{ENVIRONMENT}", "the same stack in an AWS account"),
)


def demo(
    data: Annotated[
        Path | None, typer.Option(help="A table of your own, a file or a folder. Without it: the demo's.")
    ] = None,
    target: Annotated[str, typer.Option(help="With --data: the column to predict.")] = "",
    time: Annotated[str, typer.Option(help="With --data: the column that orders the rows in time.")] = "",
    group: Annotated[str, typer.Option(help="With --data: the column whose equal values belong together.")] = "",
    features: Annotated[bool, typer.Option("--features", help="With a feature store: predict by name.")] = False,
    port: Annotated[int | None, typer.Option(help="Port of the cloud. Without it: a free one.")] = None,
) -> None:
    """Deploy, train, promote, predict, find drift, alarm and roll back on this machine, then stop everything.

    With --data and --target: the same on a table of your own, without alarm and rollback. With --features: what a
    feature store gives to a table and to a request.
    """
    if data:
        # What looks at a table takes long to import; the demo's own does without it.
        from cli.demo.own_table import demo_on

        demo_on(data, target=target, time=time, group=group, cloud_home=HOME, tables=TABLES, port=port)
    elif target or time or group:
        raise CommandFailed("--target, --time and --group are of a table of your own: name its file with --data")
    elif features:
        from cli.demo.stored_features import demo_with_features

        demo_with_features(HOME, port=port)
    else:
        _house_prices(port)


def _house_prices(port: int | None) -> None:
    steps = Steps()
    console.print("[bold]Evergreen demo[/]: the whole stack on this machine, with no account and no Docker\n")
    with deployed_cloud(HOME, steps, port=port) as (_, target):
        inbox = Inbox(target)
        _train(target, steps, candidates.FIRST)
        endpoint = Endpoint(target)
        with steps.step("First prediction over HTTPS, cold start included"):
            features = endpoint.model()["contract"]["features"]
            months = city_months(2007, {1}, features, CITIES)
            first = endpoint.predict({"features": months[0].features})
        first_served = steps.elapsed()
        _show_predictions(endpoint, months, first)
        _reject(steps, target, endpoint, months[0], inbox)
        _say("model.toml's own estimator, gradient boosting")
        decision = run_training(target, CHECKOUT / "model.toml", steps)
        with steps.step("Notification of the decision by SNS"):
            message = inbox.receive(f"Version {decision['version']}")
        show_notification(message)
        _train(target, steps, candidates.WORSE)
        with steps.step("Wait until the endpoint serves the champion") as step:
            endpoint.await_version(decision["version"], step.progress)
        _check(steps, target, endpoint, city_months(2007, FIRST_HALF, features), "first half of 2007", labels=False)
        _check(steps, target, endpoint, city_months(2010, SECOND_HALF, features), "second half of 2010", labels=True)
        with steps.step("Notification of the drift by SNS"):
            message = inbox.receive("no longer look like")
        show_notification(message)
        with steps.step("Draw the stack's own dashboard"):
            write_dashboard(target, HOME / "dashboard.html", hours=0.25)
        with steps.step("Fetch the model card and the data sheet"):
            cards = Cards(target)
            champion = cards.find(None)
            for suffix in (".html", ".md"):
                cards.write_card(champion, HOME / f"model-card{suffix}")
                cards.write_sheet(champion, HOME / f"data-sheet{suffix}")
        roll_back(target, None, steps)
        show_versions(Registry(target))
    _show_summary(steps, first_served)
    console.print("\n[bold]What to look at[/]")
    for what, file in _PAGES.items():
        console.print(f"  {what:<26} {HOME / file}", markup=False, soft_wrap=True)
    console.print("\n[bold]Where to look next[/] (the demo has stopped all that it started)")
    for what, why in _NEXT:
        console.print(f"  {what:<26} {why}", markup=False, soft_wrap=True)


def _train(target: Target, steps: Steps, candidate: candidates.Candidate) -> None:
    _say(candidate.title)
    run_training(target, candidates.write_settings(candidate, HOME / "candidate"), steps)


def _say(what: str) -> None:
    console.print(f"\n[bold]Train[/] {what}")


def _show_predictions(endpoint: Endpoint, months: list[CityMonth], first: dict[str, Any]) -> None:
    answers = [first, *(endpoint.predict({"features": month.features}) for month in months[1:])]
    table = PlainTable("City, January 2007", "Predicted", "True median price", "Error")
    for column in table.columns[1:]:
        column.justify = "right"
    for month, answer in zip(months, answers, strict=True):
        error = answer["prediction"] / month.median - 1
        table.add_row(
            month.features["city"], number(round(answer["prediction"])), number(month.median), f"{error:+.1%}"
        )
    console.print(table)
    for warning in first.get("warnings", []):
        console.print(f"  Each answer warns: {warning}", style="dim", markup=False, soft_wrap=True)


def _reject(steps: Steps, target: Target, endpoint: Endpoint, month: CityMonth, inbox: Inbox) -> None:
    with steps.step("Rejected requests until the alarm fires"):
        refusal, sent = _reject_until_alarm(target, endpoint, month)
    console.print(
        f"  The field 'city' was sent as 'town' in {counted(sent, 'request')}. The last answer:", markup=False
    )
    for problem in refusal.body["errors"]:
        text = f"    {refusal.status}  {problem['field']}: expected {problem['expected']}, got {problem['got']}"
        console.print(text, style="yellow", markup=False, soft_wrap=True)
    with steps.step("Notification by SNS"):
        message = inbox.receive("did not fit the model's contract")
    show_notification(message)


def _reject_until_alarm(target: Target, endpoint: Endpoint, month: CityMonth) -> tuple[RequestRefused, int]:
    """Send a renamed field, as a careless change upstream would, until CloudWatch puts the alarm into ALARM."""
    renamed = {("town" if name == "city" else name): value for name, value in month.features.items()}
    for sent in range(1, _MAX_REJECTED + 1):
        try:
            endpoint.predict({"features": renamed})
        except RequestRefused as refusal:
            if telemetry.alarm_state(target, names.ALARM_REJECTED) == "ALARM":
                return refusal, sent
        else:
            raise CommandFailed("the endpoint accepted a row with a renamed field")
    raise CommandFailed(f"the alarm on rejected requests did not fire after {_MAX_REJECTED} rejected requests")


def _check(steps: Steps, target: Target, endpoint: Endpoint, rows: list[CityMonth], when: str, *, labels: bool) -> None:
    """Send half a year through the endpoint, then check it for drift from the champion's holdout.

    Args:
        when: which half-year, ending with its year.
    """
    start = datetime.now(UTC)
    with steps.step(f"The {when}, month by month") as step:
        replayed = replay(endpoint, rows, step.progress)
        step.result = f"{counted(len(rows), 'prediction')}, mean error {percent(replayed.mean_error)}"
    if labels:
        with steps.step("The true prices, by POST /feedback"):
            endpoint.feedback({"labels": replayed.truths})
    with steps.step("Their records in S3, by Firehose"):
        captures = telemetry.Captures(target)
        captures.await_records(names.PREDICTIONS_PREFIX, replayed.prediction_ids)
        captures.await_records(names.FEEDBACK_PREFIX, replayed.prediction_ids if labels else [])
    with steps.step("Drift check by Evidently"):
        checks = Checks(target)
        result = checks.run(start=start, end=datetime.now(UTC))
    show(result)
    if report := checks.report(result):
        (HOME / f"drift-{when[-4:]}.html").write_bytes(report)


def _show_summary(steps: Steps, first_served: float) -> None:
    console.print("\n[bold]What ran[/]")
    for step in steps.done:
        console.print(f"  {step.title:<52} {step.seconds:6.1f} s", markup=False)
    console.print(f"  {'everything':<52} {steps.elapsed():6.1f} s", markup=False)
    console.print(f"  The first prediction was served {first_served:.1f} s after the start.", markup=False)
