"""Ends the trainings of an environment that are under way: a job goes on without its stack, and goes on costing."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

from evergreen import names
from evergreen.errors import CommandFailed

# Seconds. A job that is stopped has two minutes to end by itself, and then uploads what it has.
_PATIENCE, _POLL = 600.0, 2.0
KINDS = {"training": "TrainingJob", "processing": "ProcessingJob"}


def job_pattern(environment: str) -> re.Pattern[str]:
    """The names of an environment's jobs: the version, the step, redrives and retries."""
    return re.compile(rf"{re.escape(names.stack_name(environment))}-\d{{8}}-\d{{6}}-[0-9a-f]{{4}}-(prepare|train)-\d+")


def running_executions(states: Any, machines: Iterable[str]) -> list[str]:
    """The ARNs of executions under way."""
    found = []
    for machine in machines:
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
        try:
            found += [item["executionArn"] for page in pages for item in page["executions"]]
        except ClientError as error:
            if error.response["Error"]["Code"] != "StateMachineDoesNotExist":
                raise
    return found


def running_jobs(sagemaker: Any, environment: str) -> list[tuple[str, str]]:
    """Kind and name of the jobs that run or are being stopped."""
    pattern, found = job_pattern(environment), []
    for kind, noun in KINDS.items():
        for status in ("InProgress", "Stopping"):
            pages = sagemaker.get_paginator(f"list_{kind}_jobs").paginate(
                NameContains=f"{names.stack_name(environment)}-", StatusEquals=status
            )
            jobs = [item[f"{noun}Name"] for page in pages for item in page[f"{noun}Summaries"]]
            found += [(kind, job) for job in jobs if pattern.fullmatch(job)]
    return found


def stop(
    states: Any, sagemaker: Any, environment: str, executions: Iterable[str], progress: Callable[[str], None]
) -> None:
    """Stop executions, and then the jobs that run on; returns when all have ended.

    Raises:
        CommandFailed: a job does not end.
    """
    for execution in executions:
        states.stop_execution(executionArn=execution, cause="evergreen destroy")
    deadline, asked = time.monotonic() + _PATIENCE, set()
    while jobs := running_jobs(sagemaker, environment):
        if time.monotonic() > deadline:
            raise CommandFailed(f"{jobs[0][1]} does not end. Stop it in the SageMaker console; run the command again")
        for kind, job in jobs:
            if job not in asked:
                _stop_job(sagemaker, kind, job)
                asked.add(job)
        progress(f"{len(jobs)} jobs end")
        time.sleep(_POLL)


def _stop_job(sagemaker: Any, kind: str, job: str) -> None:
    try:
        getattr(sagemaker, f"stop_{kind}_job")(**{f"{KINDS[kind]}Name": job})
    except ClientError as error:
        # It has ended since it was listed.
        if error.response["Error"]["Code"] != "ValidationException":
            raise
