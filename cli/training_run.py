"""A training: upload what it needs, start the workflow, follow it to its end."""

import csv
import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.target import CHECKOUT, Target
from evergreen import names
from evergreen.errors import CommandFailed, InvalidData
from evergreen.model_toml import read_settings
from evergreen.settings import ModelSettings

# Seconds between two looks at a running execution.
_POLL = 0.5


# Called when a state starts (seconds is None) and when it ends.
OnState = Callable[[str, float | None], None]


class TrainingRun:
    """One execution of the training workflow."""

    def __init__(self, target: Target, settings_file: Path) -> None:
        """
        Raises:
            InvalidSettings: model.toml cannot be used.
            InvalidData: the table is missing, empty, or lacks a column that model.toml names.
        """
        self._target = target
        self._settings_file = settings_file
        self.settings = read_settings(settings_file)
        self.data_file = settings_file.parent / self.settings.data.path
        _check_header(self.data_file, self.settings)

    def upload(self) -> dict[str, str]:
        """Upload the table and model.toml under their SHA-256, unless they are there; returns the workflow's input."""
        return {
            "data": self._put(names.DATA_PREFIX, self.data_file),
            "settings": self._put(names.SETTINGS_PREFIX, self._settings_file),
            "git_commit": _git_commit(),
        }

    def _put(self, prefix: str, file: Path) -> str:
        s3 = self._target.client("s3")
        bucket = self._target.outputs[names.OUTPUT_DATA_BUCKET]
        key = f"{prefix}{hashlib.sha256(file.read_bytes()).hexdigest()}/{file.name}"
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            s3.upload_file(str(file), bucket, key)
        return f"s3://{bucket}/{key}"

    def execute(self, run_input: dict[str, str], on_state: OnState) -> dict[str, Any]:
        """Start the workflow and follow it; returns Judge's decision.

        Raises:
            CommandFailed: the execution failed, was aborted or timed out; the champion is unchanged.
        """
        workflow = self._target.client("stepfunctions")
        execution = workflow.start_execution(
            stateMachineArn=self._target.outputs[names.OUTPUT_WORKFLOW], input=json.dumps(run_input)
        )["executionArn"]
        seen = 0
        entered: dict[str, float] = {}
        while True:
            # Asked for before the history, so that the events of a finished execution are all read below.
            status = workflow.describe_execution(executionArn=execution)
            pages = workflow.get_paginator("get_execution_history").paginate(executionArn=execution)
            events = [event for page in pages for event in page["events"]]
            for event in events[seen:]:
                _report(event, entered, on_state)
            seen = len(events)
            if status["status"] != "RUNNING":
                break
            time.sleep(_POLL)
        if status["status"] != "SUCCEEDED":
            raise CommandFailed(
                f"training {status['status'].lower().replace('_', ' ')}{_last_words(status)}. The champion is unchanged"
            )
        return dict(json.loads(status["output"]))


def _report(event: dict[str, Any], entered: dict[str, float], on_state: OnState) -> None:
    moment = event["timestamp"].timestamp()
    if details := event.get("stateEnteredEventDetails"):
        entered[details["name"]] = moment
        on_state(details["name"], None)
    elif details := event.get("stateExitedEventDetails"):
        on_state(details["name"], moment - entered.get(details["name"], moment))


def _last_words(status: dict[str, Any]) -> str:
    """The cause in words: the job's or function's own, where the cause is its whole description as JSON."""
    state, _, cause = status.get("cause", "").partition(": ")
    try:
        document = json.loads(cause)
    except ValueError:
        return f" at {state}: {cause}" if cause else ""
    words = next((document[key] for key in ("FailureReason", "ExitMessage", "errorMessage") if key in document), cause)
    # SageMaker's frame around what the job itself has said.
    words = words.removeprefix("AlgorithmError: ").removesuffix(", exit code: 1")
    return f" at {state}: {words}"


def _check_header(file: Path, settings: ModelSettings) -> None:
    """What can be told before anything is uploaded; the Prepare job checks the rest."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            header = next(csv.reader(stream), None)
    except FileNotFoundError as error:
        raise InvalidData(f"{settings.data.path} does not exist; model.toml names it as [data] path") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidData(f"{settings.data.path} cannot be read as CSV in UTF-8: {error}") from error
    if not header:
        raise InvalidData(f"{settings.data.path} is empty: it needs a header line and rows")
    missing = [
        name for name in (settings.data.target, settings.split.by, *settings.data.leave_out) if name not in header
    ]
    if missing:
        raise InvalidData(
            f"{settings.data.path} has no column {', '.join(map(repr, missing))}, which model.toml names; "
            f"it has: {', '.join(header)}"
        )
    features = [name for name in header if name not in (settings.data.target, *settings.data.leave_out)]
    settings.check_features(features, file=settings.data.path)


def _git_commit() -> str:
    """The commit that the code is of; '-dirty' when the work tree differs from it."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()
