"""Sensors: for a training that runs, and for data that somebody has brought."""

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue
from evergreen_stack import decision_of, find_stack, newest_data

from evergreen_airflow.triggers import NewDataTrigger, TrainingTrigger


class TrainingSensor(BaseSensorOperator):
    """Waits for a training that something else has started, and returns Judge's decision. Killing it stops nothing."""

    template_fields = ("execution", "region")

    def __init__(self, *, execution: str, region: str = "", deferrable: bool = False, **of_airflow: Any) -> None:
        """
        Args:
            execution: ARN of the workflow's execution.
            region: of the stack; without it, that of AWS_REGION.
            deferrable: wait in the triggerer, without a worker.
        """
        super().__init__(**of_airflow)
        self.execution, self.region, self.deferrable = execution, region, deferrable

    def poke(self, context: Any) -> PokeReturnValue:
        """Raises RuntimeError: the training has failed."""
        decision = decision_of(self.execution, region=self.region)
        return PokeReturnValue(is_done=decision is not None, xcom_value=decision)

    def execute(self, context: Any) -> Any:
        if self.deferrable and not self.poke(context):
            self.defer(
                trigger=TrainingTrigger(self.execution, self.region, self.poke_interval, stops=False),
                method_name="resume",
                timeout=timedelta(seconds=self.timeout),
            )
        return super().execute(context)

    def resume(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Raises RuntimeError: the training has failed."""
        if "error" in event:
            raise RuntimeError(event["error"])
        return dict(event["decision"])


class NewDataSensor(BaseSensorOperator):
    """Waits until somebody has brought a version of the data, by evergreen data push; returns the version."""

    template_fields = ("environment", "region", "since")

    def __init__(
        self,
        *,
        environment: str = "dev",
        region: str = "",
        since: str = "",
        deferrable: bool = False,
        **of_airflow: Any,
    ) -> None:
        """
        Args:
            environment, region: of the stack; without a region, that of AWS_REGION.
            since: an ISO 8601 moment with its offset, after which it must have come; without it, any version will do.
            deferrable: wait in the triggerer, without a worker.
        """
        super().__init__(**of_airflow)
        self.environment, self.region, self.since, self.deferrable = environment, region, since, deferrable

    def poke(self, context: Any) -> PokeReturnValue:
        """Raises RuntimeError: the stack is not there, or may not be looked at."""
        stack = find_stack(self.environment, region=self.region)
        version = newest_data(stack, since=self.since, region=self.region)
        return PokeReturnValue(is_done=bool(version), xcom_value=version)

    def execute(self, context: Any) -> Any:
        if self.deferrable and not self.poke(context):
            self.defer(
                trigger=NewDataTrigger(self.environment, self.region, self.since, self.poke_interval),
                method_name="resume",
                timeout=timedelta(seconds=self.timeout),
            )
        return super().execute(context)

    def resume(self, context: Any, event: dict[str, Any]) -> str:
        """Raises RuntimeError: the stack is not there, or may not be looked at."""
        if "error" in event:
            raise RuntimeError(event["error"])
        return str(event["version"])
