"""Triggers: they wait for a training, or for data, without a worker."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from evergreen_stack import decision_of, find_stack, newest_data, stop_training


class TrainingTrigger(BaseTrigger):
    """Ends with `decision`, Judge's, or with `error`, why there is none."""

    def __init__(self, execution: str, region: str, poll_seconds: float, stops: bool) -> None:
        """
        Args:
            execution: ARN of the workflow's execution.
            stops: whether who kills the task that waits stops the training too.
        """
        super().__init__()
        self.execution, self.region, self.poll_seconds, self.stops = execution, region, poll_seconds, stops

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("execution", "region", "poll_seconds", "stops")
        return f"{__name__}.TrainingTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            while (decision := await asyncio.to_thread(decision_of, self.execution, region=self.region)) is None:
                await asyncio.sleep(self.poll_seconds)
        except RuntimeError as error:
            yield TriggerEvent({"error": str(error)})
        else:
            yield TriggerEvent({"decision": decision})

    async def on_kill(self) -> None:
        """Airflow calls it when somebody clears or marks the task, and not when a triggerer ends."""
        if self.stops:
            await asyncio.to_thread(stop_training, self.execution, cause="killed in Airflow", region=self.region)


class NewDataTrigger(BaseTrigger):
    """Ends with `version` of the data that came last, or with `error`, why nothing is known of it."""

    def __init__(self, environment: str, region: str, since: str, poll_seconds: float) -> None:
        super().__init__()
        self.environment, self.region, self.since, self.poll_seconds = environment, region, since, poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("environment", "region", "since", "poll_seconds")
        return f"{__name__}.NewDataTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            stack = await asyncio.to_thread(find_stack, self.environment, region=self.region)
            while not (version := await asyncio.to_thread(newest_data, stack, since=self.since, region=self.region)):
                await asyncio.sleep(self.poll_seconds)
        except RuntimeError as error:
            yield TriggerEvent({"error": str(error)})
        else:
            yield TriggerEvent({"version": version})
