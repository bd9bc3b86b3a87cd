"""SageMaker's training and processing jobs, as a service of ministack.

The service is not moto's for three reasons. moto's jobs are Completed when they are created and cannot be stopped, so
each step would have to overwrite its state. moto checks no patterns. And ten operations on one job store take less code
than an adapter to moto.
"""

import asyncio
import json
from typing import Any

from local import engine
from local.processes.jobs import Job, JobStore
from local.processes.processing_job import ProcessingJob
from local.processes.training_job import TrainingJob
from local.services import api_model
from local.services.permissions import name_resources

_KINDS: dict[str, type[Job]] = {"TrainingJob": TrainingJob, "ProcessingJob": ProcessingJob}
_SUMMARY = ("Name", "Arn", "Status")


class SageMakerError(Exception):
    """An error answer of the service, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SageMaker:
    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._tags: dict[str, dict[str, str]] = {}

    def record(self) -> dict[str, Any]:
        """What is kept of the service while no cloud runs."""
        return {"jobs": self._jobs.records(), "tags": {arn: dict(tags) for arn, tags in list(self._tags.items())}}

    def restore(self, record: dict[str, Any]) -> None:
        """Have what was kept. Jobs that ran have been stopped with their cloud."""
        self._jobs.restore(_KINDS.values(), record["jobs"])
        self._tags = record["tags"]

    async def handle_request(self, _method: str, _path: str, headers: dict, body: bytes, _query_params: dict) -> tuple:
        operation = headers.get("x-amz-target", "").removeprefix("SageMaker.")
        # In a thread, since the first request reads the API model, which takes nearly a second.
        status, answer = await asyncio.to_thread(self._answer, operation, body)
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()

    def _answer(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            return 200, self.call(operation, json.loads(body or b"{}"))
        except SageMakerError as error:
            return 400, {"__type": error.code, "message": str(error)}

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of one operation; times in seconds since the epoch. Raises SageMakerError."""
        if operation in ("AddTags", "ListTags"):
            self._validate(operation, request)
            return self._add_tags(request) if operation == "AddTags" else self._list_tags(request)
        if operation == "ListMlflowApps":
            # An MLflow server stands in for the App.
            self._validate(operation, request)
            return {"Summaries": []}
        for noun in _KINDS:
            if operation.endswith((noun, noun + "s")):
                verb = operation.removesuffix("s").removesuffix(noun)
                answer = {"Create": self._create, "Describe": self._describe, "Stop": self._stop, "List": self._list}
                if verb in answer:
                    self._validate(operation, request)
                    return answer[verb](noun, request)
        raise SageMakerError("UnknownOperationException", f"The embedded cloud has no SageMaker {operation}")

    def job(self, noun: str, name: str) -> Job:
        """The job with a TrainingJobName or ProcessingJobName. Raises SageMakerError."""
        try:
            return self._jobs.get(_KINDS[noun], name)
        except KeyError:
            raise SageMakerError("ValidationException", "Requested resource not found.") from None

    def _validate(self, operation: str, request: dict[str, Any]) -> None:
        try:
            api_model.validate("sagemaker", operation, request)
        except api_model.InvalidRequest as error:
            raise SageMakerError("ValidationException", str(error)) from error

    def _create(self, noun: str, request: dict[str, Any]) -> dict[str, Any]:
        name = request[f"{noun}Name"]
        if problem := engine.VALIDATE_ROLE_ARN(request["RoleArn"]):
            raise SageMakerError("ValidationException", f"Could not assume role {request['RoleArn']}. {problem}")
        cluster = request.get("ResourceConfig") or request["ProcessingResources"]["ClusterConfig"]
        if cluster.get("InstanceCount", 1) != 1:
            raise SageMakerError("ResourceLimitExceeded", "The embedded cloud runs a job on 1 instance.")
        try:
            job = self._jobs.create(_KINDS[noun], name, request)
        except KeyError:
            arn = self.job(noun, name).arn
            raise SageMakerError(
                "ResourceInUse",
                "Job name must be unique within an AWS account and region, "
                f"and a job with this name already exists ({arn})",
            ) from None
        self._tags[job.arn] = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        return {f"{noun}Arn": job.arn}

    def _describe(self, noun: str, request: dict[str, Any]) -> dict[str, Any]:
        return self.job(noun, request[f"{noun}Name"]).describe()

    def _stop(self, noun: str, request: dict[str, Any]) -> dict[str, Any]:
        job = self.job(noun, request[f"{noun}Name"])
        if job.done.is_set():
            raise SageMakerError("ValidationException", f"The request was rejected because the job is {job.status}.")
        job.stop()
        return {}

    def _list(self, noun: str, request: dict[str, Any]) -> dict[str, Any]:
        """Jobs, the newest first, on one page of at most MaxResults."""
        wanted = [
            job
            for job in self._jobs.all(_KINDS[noun])
            if request.get("NameContains", "") in job.name and request.get("StatusEquals", job.status) == job.status
        ]
        summaries = []
        for job in wanted[: request.get("MaxResults", 100)]:
            times = {f"{noun.removesuffix('Job')}EndTime": job.ended} if job.done.is_set() else {}
            summary = {
                f"{noun}{name}": value for name, value in zip(_SUMMARY, (job.name, job.arn, job.status), strict=True)
            }
            summaries.append({**summary, "CreationTime": job.created, "LastModifiedTime": job.modified, **times})
        return {f"{noun}Summaries": summaries}

    def _add_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags.setdefault(request["ResourceArn"], {})
        tags.update({tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _list_tags(self, request: dict[str, Any]) -> dict[str, Any]:
        tags = self._tags.get(request["ResourceArn"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def install(jobs: JobStore) -> SageMaker:
    """Route `SageMaker.*` requests to the service, with the caller's policies enforced on the job's ARN."""
    service = SageMaker(jobs)
    engine.SERVICE_PATTERNS.get()["sagemaker"] = {"target_prefixes": ["SageMaker."], "credential_scope": "sagemaker"}
    engine.SERVICE_HANDLERS.get()["sagemaker"] = service.handle_request
    engine.IAM_NAMESPACES.get()["sagemaker"] = "sagemaker"
    name_resources("sagemaker", _resource_arn)
    return service


def _resource_arn(_headers: dict, body: bytes, region: str, account_id: str) -> str:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return "*"
    for member, resource in (("TrainingJobName", "training-job"), ("ProcessingJobName", "processing-job")):
        if member in request:
            return f"arn:aws:sagemaker:{region}:{account_id}:{resource}/{request[member]}"
    return request.get("ResourceArn", "*")
