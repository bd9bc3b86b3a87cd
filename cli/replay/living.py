"""Lives through the months: predicts, tells the truth a month later, checks, and waits for what that begins."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.aws.cards import Cards
from cli.aws.checks import Checks
from cli.aws.endpoint import Endpoint
from cli.aws.inbox import Inbox, Notification
from cli.aws.registry import Registry
from cli.aws.renewals import Renewals
from cli.aws.target import Target
from cli.demo.replay import CityMonth, city_months
from cli.demo.telemetry import Captures
from cli.replay.story import Month, Period, Story
from evergreen import names
from evergreen.errors import CommandFailed
from evergreen.renewal.ledger import Run
from evergreen.versions.bundle import ServableModel
from functions.model_store import ModelStore

Progress = Callable[[str], None]
# Seconds that a renewal may take.
_PATIENCE = 600


class Life:
    """A deployed stack whose months are those of the data."""

    def __init__(self, target: Target, folder: Path) -> None:
        """
        Args:
            folder: for reports and cards.
        """
        self._target = target
        self._folder = folder
        self._endpoint, self._captures = Endpoint(target), Captures(target)
        self._inbox, self._renewals = Inbox(target), Renewals(target)
        champion = Registry(target).champions().present
        if champion is None:
            raise CommandFailed("the first model was not promoted, so that there is nothing to renew")
        store = ModelStore(target.client("s3"), target.outputs[names.OUTPUT_MODEL_BUCKET])
        self._first: ServableModel = store.bundle(champion.bundle).model()
        self._features: list[dict[str, Any]] = self._endpoint.model()["contract"]["features"]
        self.story = Story(first=champion.version)
        self._keep_card(champion.version)
        # The truths of the month before.
        self._untold: list[dict[str, Any]] = []

    def live(self, year: int, progress: Progress, *, renew: bool) -> Period:
        """A year, and the check at its end.

        Args:
            renew: whether the check may begin a renewal, which is then waited for.
        """
        start, ids, told = datetime.now(UTC), [], []
        months = []
        for month in range(1, 13):
            rows = city_months(year, {month}, self._features)
            if not rows:
                continue
            progress(f"{year}-{month:02}")
            told += self._tell()
            answer = self._endpoint.predict({"instances": [row.features for row in rows]})
            ids += [each["prediction_id"] for each in answer["predictions"]]
            self._untold = [
                {"prediction_id": each["prediction_id"], "actual": row.median}
                for row, each in zip(rows, answer["predictions"], strict=True)
            ]
            months.append(
                Month(
                    when=f"{year}-{month:02}",
                    error=_error([each["prediction"] for each in answer["predictions"]], rows),
                    without=_error([self._predict(row) for row in rows], rows),
                    version=answer["model_version"],
                )
            )
        self._captures.await_records(names.PREDICTIONS_PREFIX, ids)
        self._captures.await_records(names.FEEDBACK_PREFIX, told)
        progress("the check")
        period = self._look(str(year), tuple(months), start, progress, renew=renew)
        self.story.periods.append(period)
        return period

    def _predict(self, row: CityMonth) -> float:
        return float(self._first.predict(self._first.contract.parse(row.features)))

    def _tell(self) -> list[str]:
        """Tell the truths of the month before; returns the ids of their predictions."""
        if self._untold:
            self._endpoint.feedback({"labels": self._untold})
        return [label["prediction_id"] for label in self._untold]

    def _look(
        self, name: str, months: tuple[Month, ...], start: datetime, progress: Progress, *, renew: bool
    ) -> Period:
        before = len(self._renewals.ledger().runs)
        checks = Checks(self._target)
        check = checks.run(start=start, end=datetime.now(UTC), renew=renew)
        run = self._await_renewal(before, progress) if check["renewal"].startswith("A renewal begins") else None
        report = f"drift-{name}.html"
        if content := checks.report(check):
            (self._folder / report).write_bytes(content)
        return Period(
            name=name,
            months=months,
            check=check,
            report=report if content else "",
            run=run,
            messages=tuple(self._messages(run)),
        )

    def _await_renewal(self, before: int, progress: Progress) -> Run:
        """The renewal that the check has begun, at its end.

        Raises:
            CommandFailed: it does not begin, or does not end.
        """
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            runs = self._renewals.ledger().runs[before:]
            if runs and runs[-1].ended:
                if runs[-1].promoted:
                    self._start_anew()
                    self._endpoint.await_version(runs[-1].promoted, progress)
                    self._keep_card(runs[-1].promoted)
                return runs[-1]
            progress("a renewal")
            time.sleep(0.5)
        raise CommandFailed(f"the renewal has not ended after {_PATIENCE} s. See: evergreen renewals --local")

    def _start_anew(self) -> None:
        """Let the endpoint's function begin anew: one that runs looks at the champion once a minute, which passes in a
        second here.
        """
        functions = self._target.client("lambda")
        stack = self._target.client("cloudformation").describe_stack_resources(
            StackName=names.stack_name(self._target.environment)
        )
        for resource in stack["StackResources"]:
            if resource["ResourceType"] == "AWS::Lambda::Function" and resource["LogicalResourceId"].startswith(
                "Prediction"
            ):
                name = resource["PhysicalResourceId"]
                timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
                functions.update_function_configuration(FunctionName=name, Timeout=timeout)

    def _messages(self, run: Run | None) -> list[Notification]:
        """What has come, up to the message about the renewal, if there was one."""
        found: list[Notification] = []
        deadline = time.monotonic() + 30
        while True:
            found += self._inbox.take(seconds=0 if run is None else 1)
            if run is None or any(run.version in each.message for each in found) or time.monotonic() > deadline:
                return found

    def _keep_card(self, version: str) -> None:
        cards = Cards(self._target)
        file = f"model-card-{version}.html"
        cards.write_card(cards.find(version), self._folder / file)
        self.story.cards[version] = file


def _error(predicted: list[float], rows: list[CityMonth]) -> float:
    """Mean absolute error as a share of the truth."""
    return sum(abs(value / row.median - 1) for value, row in zip(predicted, rows, strict=True)) / len(rows)
