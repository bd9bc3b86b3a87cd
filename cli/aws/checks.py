"""Drift checks of a deployed stack: run one, fetch its report, print its result."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cli.aws.target import Target
from cli.console import PlainTable, console
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.number_text import counted, percent
from functions.notify.wording import quality_in_words

# Seconds. A check of a million rows takes half a minute; a first one also unpacks its packages.
_PATIENCE = 900
_COLOURS = {"ok": "green", "drift": "red", "insufficient data": "yellow", "broken input": "red"}


class Checks:
    """Drift checks of the model that a stack serves."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def run(self, *, start: datetime | None = None, end: datetime | None = None, renew: bool = False) -> dict[str, Any]:
        """Run a check now and return its result.

        Args:
            start, end: of the window; without them, those of the scheduled check.
            renew: whether what it finds may begin a renewal, as what a scheduled check finds may.

        Raises:
            CommandFailed: the function failed; its error is in the message.
        """
        window = {"start": start, "end": end}
        event: dict[str, Any] = {name: moment.astimezone(UTC).isoformat() for name, moment in window.items() if moment}
        if event:
            event["renew"] = renew
        # Not at the top: `evergreen drift --help` does without it.
        from botocore.config import Config

        lambda_ = self._target.session.client(
            "lambda",
            # A connection that is silent for minutes is dropped on its way, unless it is kept alive.
            config=Config(read_timeout=_PATIENCE, tcp_keepalive=True, retries={"max_attempts": 0}),
        )
        answer = lambda_.invoke(
            FunctionName=self._target.outputs[names.OUTPUT_CHECK_FUNCTION], Payload=json.dumps(event).encode()
        )
        result = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise CommandFailed(
                f"the check failed: {result.get('errorMessage', result)}. The full error is in the log of "
                f"{self._target.outputs[names.OUTPUT_CHECK_FUNCTION]}"
            )
        return dict(result)

    def report(self, result: dict[str, Any]) -> bytes | None:
        """Evidently's report of a check, as HTML; None if nothing was compared."""
        if not result["report"]:
            return None
        place = urlsplit(result["report"])
        answer = self._target.client("s3").get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
        content: bytes = answer["Body"].read()
        return content


def show(result: dict[str, Any]) -> None:
    """Print the status, features and quality of a check."""
    colour = _COLOURS[result["status"]]
    console.print(f"  Status: [{colour}]{result['status']}[/]", soft_wrap=True)
    console.print(f"  {result['reason']}", markup=False, soft_wrap=True)
    console.print(f"  {counted(result['rows'], 'prediction')} from {result['start']} to {result['end']}", markup=False)
    if result["features"]:
        table = PlainTable("Feature", "Moved", "Reason")
        table.columns[1].justify = "right"
        for feature in [*result["features"], *([result["prediction"]] if result["prediction"] else [])]:
            reasons = "\n".join(feature["reasons"] or [feature["broken"] or "no drift"])
            table.add_row(feature["name"], percent(feature["distance"]), reasons)
        console.print(table)
    console.print(f"  Quality: {quality_in_words(result)}", markup=False, soft_wrap=True)
    for note in result["notes"]:
        console.print(f"  Note: {note}", markup=False, soft_wrap=True)
    if result["report"]:
        console.print(f"  Report: {result['report']}", markup=False, soft_wrap=True)


def hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)
