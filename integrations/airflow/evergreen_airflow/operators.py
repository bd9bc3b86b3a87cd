"""Operators: start a training and wait for Judge's decision; check for drift."""

from typing import Any

from airflow.sdk import BaseOperator
from evergreen_stack import (
    execution_name,
    find_stack,
    run_check,
    start_training,
    stop_training,
    wait_for_decision,
)

from evergreen_airflow.triggers import TrainingTrigger

# Airflow's own execution_timeout ends a task that waits in a worker; this is only the end of its patience.
_A_WEEK = 7 * 24 * 3600


class TrainOperator(BaseOperator):
    """Trains on data that the stack has, promotes the model if it is better, and returns Judge's decision.

    The execution of the workflow has its name from the DAG, the task and the run. A try that follows a killed one finds
    the same training again, and one that follows a training that failed starts another. Who kills the task stops the
    training, which needs states:StopExecution.
    """

    template_fields = ("environment", "region", "data", "settings")

    def __init__(
        self,
        *,
        environment: str = "dev",
        region: str = "",
        data: str = "",
        settings: str = "",
        wait_for_completion: bool = True,
        deferrable: bool = False,
        poll_seconds: float = 15.0,
        **of_airflow: Any,
    ) -> None:
        """
        Args:
            environment, region: of the stack; without a region, that of AWS_REGION.
            data: a version of the data, or its first characters; without it, the one that came last.
            settings: the SHA-256 of a model.toml in the data bucket; without it, that of the champion.
            wait_for_completion: without it, the ARN of the execution is returned, for a TrainingSensor.
            deferrable: wait in the triggerer, without a worker.
            poll_seconds: between two looks of the triggerer.
        """
        super().__init__(**of_airflow)
        self.environment, self.region, self.data, self.settings = environment, region, data, settings
        self.wait_for_completion, self.deferrable, self.poll_seconds = wait_for_completion, deferrable, poll_seconds
        self._execution = ""

    def execute(self, context: Any) -> Any:
        """Raises RuntimeError: the stack is not there or refuses, or the training has failed."""
        task = context["ti"]
        name = execution_name(f"airflow-{task.dag_id}", task.task_id, task.run_id, str(task.map_index))
        stack = find_stack(self.environment, region=self.region)
        self._execution, is_new = start_training(
            stack, name, data=self.data, settings=self.settings, region=self.region
        )
        self.log.info("%s %s", "started" if is_new else "found again:", self._execution)
        if not self.wait_for_completion:
            return self._execution
        if self.deferrable:
            self.defer(
                trigger=TrainingTrigger(self._execution, self.region, self.poll_seconds, stops=True),
                method_name="resume",
                timeout=self.execution_timeout,
            )
        return wait_for_decision(self._execution, timeout_seconds=_A_WEEK, region=self.region)

    def resume(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Raises RuntimeError: the training has failed."""
        if "error" in event:
            raise RuntimeError(event["error"])
        return dict(event["decision"])

    def on_kill(self) -> None:
        """Stop the training. One that may not be stopped is told of, and runs on."""
        if not self._execution:
            return
        try:
            stop_training(self._execution, cause=f"{self.task_id} was killed in Airflow", region=self.region)
        except RuntimeError as error:
            self.log.error("the training runs on; to stop it, states:StopExecution is needed: %s", error)
        else:
            self.log.info("stopped %s", self._execution)


class CheckDriftOperator(BaseOperator):
    """Checks now whether predicted rows have drifted from the champion's holdout; returns what the check found."""

    template_fields = ("environment", "region")

    def __init__(self, *, environment: str = "dev", region: str = "", hours: float = 24.0, **of_airflow: Any) -> None:
        """
        Args:
            environment, region: of the stack; without a region, that of AWS_REGION.
            hours: that it looks at, up to now.
        """
        super().__init__(**of_airflow)
        self.environment, self.region, self.hours = environment, region, hours

    def execute(self, context: Any) -> dict[str, Any]:
        """Raises RuntimeError: the check has failed."""
        result = run_check(find_stack(self.environment, region=self.region), hours=self.hours, region=self.region)
        self.log.info("%s: %s", result["status"], result["reason"])
        return result
