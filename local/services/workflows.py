"""SageMaker jobs in Step Functions, with and without `.sync`, S3's GetObject, and the AWS/States metrics.

What a task sends is held against the API model of its service. A job that an execution waits for is stopped when the
execution is stopped or the task times out.
"""

import contextvars
import json
import uuid
from collections import defaultdict
from typing import Any

from local import engine
from local.processes.jobs import Job
from local.services import api_model
from local.services.sagemaker import SageMaker, SageMakerError

_TASKS = {"createTrainingJob": "TrainingJob", "createProcessingJob": "ProcessingJob"}
# The other tasks whose requests are held against their service's model.
_REQUESTS = {
    "arn:aws:states:::lambda:invoke": ("lambda", "Invoke"),
    "arn:aws:states:::sns:publish": ("sns", "Publish"),
    "arn:aws:states:::aws-sdk:s3:getObject": ("s3", "GetObject"),
}
# Error names of the optimised integration; every other code becomes AmazonSageMakerException.
_ERRORS = {
    "ResourceInUse": "SageMaker.ResourceInUseException",
    "ResourceLimitExceeded": "SageMaker.ResourceLimitExceededException",
    "ResourceNotFound": "SageMaker.ResourceNotFoundException",
}
_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "ABORTED": "ExecutionsAborted",
    "TIMED_OUT": "ExecutionsTimedOut",
}

_execution: contextvars.ContextVar[str] = contextvars.ContextVar("execution", default="")
_waited_for: contextvars.ContextVar[list[Job] | None] = contextvars.ContextVar("waited_for", default=None)


def install(service: SageMaker) -> None:
    tasks = SageMakerTasks(service)
    for action in _TASKS:
        engine.SERVICE_DISPATCH.get()[f"arn:aws:states:::sagemaker:{action}"] = tasks.run
    engine.SERVICE_DISPATCH.get()["arn:aws:states:::aws-sdk:s3:getObject"] = _get_object
    _follow_executions(tasks)
    _end_jobs_with_timeouts()
    _refuse_invalid_requests()
    _record_metrics()


class SageMakerTasks:
    def __init__(self, service: SageMaker) -> None:
        self._service = service
        self._jobs_of: dict[str, list[Job]] = defaultdict(list)

    def run(self, resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The task's result. Raises ministack's execution error, with the error name of AWS."""
        action = resource.removeprefix("arn:aws:states:::sagemaker:")
        noun = _TASKS[action.removesuffix(".sync")]
        try:
            created = self._service.call(f"Create{noun}", arguments)
            if not action.endswith(".sync"):
                return created
            job = self._service.job(noun, arguments[f"{noun}Name"])
        except SageMakerError as error:
            raise _execution_error(error) from error
        return self._await(job)

    def stop_jobs_of(self, execution_arn: str) -> None:
        for job in self._jobs_of.pop(execution_arn, []):
            job.stop()

    def _await(self, job: Job) -> dict[str, Any]:
        arn = _execution.get()
        self._jobs_of[arn].append(job)
        waited_for = _waited_for.get()
        if waited_for is not None:
            waited_for.append(job)
        if _is_stopped(arn):  # between the job's creation and the line that registers it
            job.stop()
        job.done.wait()
        if job in self._jobs_of.get(arn, []):
            self._jobs_of[arn].remove(job)
        result = _in_milliseconds(job.describe())
        # The result of an aborted execution is not used; an error would be retried.
        if job.status == "Completed" or _is_stopped(arn):
            return result
        raise engine.EXECUTION_ERROR("States.TaskFailed", json.dumps(result))


def _get_object(_resource: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """S3's GetObject as a task; of the result, only the body as text."""
    body = engine.GET_OBJECT_DATA(arguments["Bucket"], arguments["Key"])
    if body is None:
        raise engine.EXECUTION_ERROR("S3.NoSuchKeyException", "The specified key does not exist.")
    return {"Body": body.decode()}


def _execution_error(error: SageMakerError) -> Exception:
    name = _ERRORS.get(error.code, "SageMaker.AmazonSageMakerException")
    cause = (
        f"{error} (Service: AmazonSageMaker; Status Code: 400; Error Code: {error.code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return engine.EXECUTION_ERROR(name, cause)


def _is_stopped(execution_arn: str) -> bool:
    execution = engine.EXECUTIONS.get().get(execution_arn)
    return execution is not None and execution["status"] != "RUNNING"


def _in_milliseconds(value: Any, name: str = "") -> Any:
    """An answer of SageMaker with times in milliseconds since the epoch, as Step Functions returns it."""
    if isinstance(value, dict):
        return {key: _in_milliseconds(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_milliseconds(item) for item in value]
    return round(value * 1000) if name.endswith("Time") and isinstance(value, float) else value


def _follow_executions(tasks: SageMakerTasks) -> None:
    run, stop = engine.RUN_EXECUTION.get(), engine.STOP_EXECUTION.get()

    def run_execution(exec_arn: str) -> None:
        _execution.set(exec_arn)
        run(exec_arn)

    def stop_execution(data: dict) -> tuple:
        answer = stop(data)
        if answer[0] == 200:
            tasks.stop_jobs_of(data["executionArn"])
        return answer

    engine.RUN_EXECUTION.replace(run_execution)
    engine.STOP_EXECUTION.replace(stop_execution)


def _end_jobs_with_timeouts() -> None:
    """Stop the job of a task at TimeoutSeconds, as AWS does; ministack leaves it running."""
    invoke = engine.INVOKE_WITH_TIMEOUT.get()

    def invoke_with_timeout(resource: str, input_data: Any, timeout: float) -> Any:
        started: list[Job] = []
        token = _waited_for.set(started)
        try:
            return invoke(resource, input_data, timeout)
        except engine.EXECUTION_ERROR.get():
            for job in started:
                job.stop()
            raise
        finally:
            _waited_for.reset(token)

    engine.INVOKE_WITH_TIMEOUT.replace(invoke_with_timeout)


def _refuse_invalid_requests() -> None:
    invoke = engine.INVOKE.get()

    def invoke_valid(resource: str, input_data: Any) -> Any:
        if resource in _REQUESTS:
            service, operation = _REQUESTS[resource]
            # Text in the request, JSON in the state machine.
            payload = {"Payload": json.dumps(input_data["Payload"])} if "Payload" in input_data else {}
            try:
                api_model.validate(service, operation, {**input_data, **payload})
            except api_model.InvalidRequest as error:
                raise engine.EXECUTION_ERROR(f"{service.title()}.ValidationException", str(error)) from error
        return invoke(resource, input_data)

    engine.INVOKE.replace(invoke_valid)


def _record_metrics() -> None:
    emit = engine.EMIT_STATUS_EVENT.get()

    def emit_status_event(execution: dict) -> None:
        if name := _METRICS.get(execution["status"]):
            dimensions = {"StateMachineArn": execution["stateMachineArn"]}
            engine.RECORD_METRIC("AWS/States", name, 1, "Count", dimensions)
        emit(execution)

    engine.EMIT_STATUS_EVENT.replace(emit_status_event)
