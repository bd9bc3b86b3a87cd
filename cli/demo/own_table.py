"""The demo on a table of one's own: look at it, train on it, predict rows that training never saw, check for drift."""

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.aws.cards import Cards
from cli.aws.checks import Checks
from cli.aws.checks import show as show_check
from cli.aws.endpoint import Endpoint
from cli.aws.target import Target
from cli.console import PlainTable, Steps, console
from cli.demo.holdout import HoldoutRow, holdout_rows, replay
from cli.demo.telemetry import Captures
from cli.embedded import deployed_cloud
from cli.inspection import PAGE, show, write
from cli.training_progress import run_training
from evergreen import names
from evergreen.errors import CommandFailed, InvalidData
from evergreen.number_text import counted, number, percent
from evergreen.quoting import line
from functions.check_drift.result import INSUFFICIENT_DATA, OK
from functions.notify.wording import advice

if TYPE_CHECKING:
    from training.inspection.inspection import Inspection

SETTINGS, CARD, SHEET, REPORT = "model.toml", "model-card.html", "data-sheet.html", "drift.html"
# Holdout rows that are printed with their prediction, and the most that are replayed for the drift check.
_SHOWN, _REPLAYED = 5, 2000

# What to do after a check that gives no advice.
_NOTHING = {
    OK: "Nothing: the rows look like those that the model was judged by.",
    INSUFFICIENT_DATA: "Nothing: these rows are too few to tell. In use, the check waits until there are more.",
}
_POOR = (
    "look at the page of the table: are columns left out that say something of the target?",
    "add columns that do, or more rows",
    "another [estimator] or metric in model.toml, and if rows belong together in time or groups: --time or --group",
)


def demo_on(
    table: Path, *, target: str, time: str, group: str, cloud_home: Path, tables: Path, port: int | None
) -> None:
    """
    Args:
        table: the file, or a folder of files.
        target, time, group: columns, as `evergreen init` takes them.
        cloud_home: the folder of the cloud.
        tables: what is written of the table goes into a folder below this one.

    Raises:
        InvalidData: the table cannot be trained on; no cloud has been started.
        CommandFailed: Prepare refuses the table, or the model was not promoted.
    """
    steps = Steps()
    console.print("[bold]Evergreen demo[/] on your own table: the whole stack on this machine, with no account\n")
    found, folder = _look(table, target, time, group, tables, steps)
    with deployed_cloud(cloud_home, steps, port=port, model_toml=folder / SETTINGS) as (_, stack):
        console.print("\n[bold]Train[/] with what was found")
        decision = run_training(stack, folder / SETTINGS, steps)
        with steps.step("Fetch the model card and the data sheet"):
            cards = Cards(stack)
            place = cards.find(decision["version"])
            cards.write_card(place, folder / CARD)
            cards.write_sheet(place, folder / SHEET)
        if not decision["promote"]:
            _say_poor()
            _show_files(table, target, folder)
            raise CommandFailed(f"the model was not promoted: {decision['reason']}")
        rows = _usable(found, folder / table.name)
        half = len(rows) // 2
        first_served = _predict(Endpoint(stack), rows[:half], target, steps)
        _check(stack, rows[half:], found, folder, steps)
    console.print(f"\n  The first prediction was served {first_served:.1f} s after the start.", markup=False)
    _show_files(table, target, folder)


def _look(table: Path, target: str, time: str, group: str, tables: Path, steps: Steps) -> tuple["Inspection", Path]:
    """What was found in the table, and the folder with its model.toml, its page, and a link to it."""
    from evergreen.versions import data_version
    from training.inspection import guesses
    from training.inspection.inspection import inspect

    if not table.exists():
        raise InvalidData(f"{table} does not exist")
    with steps.step(f"Look at {line(str(table))}"):
        version = data_version.of_path(table)
        found = inspect(version, table, path=table.name, target=target, time=time, group=group)
    folder = tables / guesses.name(table)
    folder.mkdir(parents=True, exist_ok=True)
    for old in (folder / CARD, folder / SHEET, folder / REPORT):
        old.unlink(missing_ok=True)
    link = folder / table.name
    link.unlink(missing_ok=True)
    link.symlink_to(table.resolve())
    page = write(found, folder / SETTINGS, version=version.version)
    show(found)
    if found.problem:
        raise CommandFailed(f"Prepare refuses the table: {found.problem}. The table as a page: {page}")
    return found, folder


def _usable(found: "Inspection", table: Path) -> list[HoldoutRow]:
    """The holdout rows that can be sent, with a word on the others."""
    assert found.prepared is not None
    rows, count = holdout_rows(found, table), len(found.prepared.holdout)
    if len(rows) < 2:
        raise CommandFailed(
            f"of {counted(count, 'holdout row')}, {len(rows)} can be sent to the endpoint: the others have values that "
            "training never saw. Add rows, or split at random ([split] type)"
        )
    if len(rows) < count:
        console.print(
            f"  {counted(count - len(rows), 'holdout row')} cannot be sent: their values or labels are none that "
            "training has seen",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    return rows


def _predict(endpoint: Endpoint, rows: list[HoldoutRow], target: str, steps: Steps) -> float:
    """Print a few rows beside their truth; returns the second at which the first was predicted."""
    chosen = rows[:: max(1, len(rows) // _SHOWN)][:_SHOWN]
    with steps.step("First prediction over HTTPS, cold start included"):
        first = endpoint.predict({"features": chosen[0].features})
    served = steps.elapsed()
    answers = [first, *(endpoint.predict({"features": row.features}) for row in chosen[1:])]
    table = PlainTable("Row of the holdout", f"Predicted {line(target)}", "Truth", "")
    for row, answer in zip(chosen, answers, strict=True):
        table.add_row(row.place, _shown(answer["prediction"]), _shown(row.truth), _beside(answer, row.truth))
    console.print(table)
    return served


def _beside(answer: dict[str, Any], truth: Any) -> str:
    """How far off a number is, or how sure the model was of its label."""
    predicted = answer["prediction"]
    if isinstance(predicted, str):
        probability = answer.get("probabilities", {}).get(predicted)
        sure = f", {percent(probability)} sure" if probability is not None else ""
        return f"{'right' if predicted == truth else 'wrong'}{sure}"
    return f"off by {number(abs(predicted - truth))}"


def _shown(value: Any) -> str:
    return line(value) if isinstance(value, str) else number(value)


def _check(stack: Target, rows: list[HoldoutRow], found: "Inspection", folder: Path, steps: Steps) -> None:
    """Replay rows with their truths, and check them for drift."""
    assert found.prepared is not None
    start = datetime.now(UTC)
    sent = rows[:: -(-len(rows) // _REPLAYED)]
    with steps.step("Replay the second half of the holdout") as step:
        ids = replay(Endpoint(stack), sent, found.prepared.contract, step.progress)
        step.result = counted(len(sent), "prediction") + (f" of {number(len(rows))} rows" if sent != rows else "")
    with steps.step("Their records in S3, by Firehose"):
        captures = Captures(stack)
        captures.await_records(names.PREDICTIONS_PREFIX, ids)
        captures.await_records(names.FEEDBACK_PREFIX, ids)
    with steps.step("Drift check by Evidently"):
        checks = Checks(stack)
        result = checks.run(start=start, end=datetime.now(UTC))
    show_check(result)
    if report := checks.report(result):
        (folder / REPORT).write_bytes(report)
    what = advice(result, "--local") or _NOTHING[result["status"]]
    console.print(f"  What to do: {what}", markup=False, soft_wrap=True)


def _say_poor() -> None:
    console.print("\n[bold]The gates have kept this model from serving.[/] What to try:")
    for text in _POOR:
        console.print(f"  - {text}", markup=False, soft_wrap=True)


def _show_files(table: Path, target: str, folder: Path) -> None:
    console.print("\n[bold]What to look at[/] (the demo stops all that it started)")
    for what, name in (
        ("The table", PAGE),
        ("What was guessed", SETTINGS),
        ("Model card", CARD),
        ("Data sheet", SHEET),
        ("Drift report", REPORT),
    ):
        if (folder / name).exists():
            console.print(f"  {what:<18} {folder / name}", markup=False, soft_wrap=True)
    command = f"evergreen init data/{table.name} --target {shlex.quote(target)} --force"
    console.print("\n[bold]To go on with it[/], copy the table into data/ and have its model.toml written there:")
    console.print(f"  {command}", markup=False, soft_wrap=True)
    console.print("  Change in model.toml what was guessed wrong; then: make up", markup=False)
