"""A training run: upload its data and settings, start the workflow, follow it to its end."""

import json
import subprocess
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.aws.target import CHECKOUT, Target
from cli.data.storage import DataStorage, OnFile
from cli.data.table_history import TableHistory
from cli.data.versions import DataVersions
from cli.execution import OnState, execute
from evergreen import names
from evergreen.errors import InvalidData
from evergreen.feature_store.described import DEFINITIONS
from evergreen.settings.model_toml import read_settings
from evergreen.settings.sections import ModelSettings
from evergreen.versions import data_version
from evergreen.versions.data_version import DataVersion
from evergreen.versions.source import source_digest

OnPrepared = Callable[[dict[str, Any]], None]
_PREPARE = "Prepare"


class TrainingRun:
    """One execution of the training workflow."""

    def __init__(self, target: Target, settings_file: Path, *, version: str | None = None) -> None:
        """
        Args:
            version: of the data, or its first characters. Without it, the table on the disk is used; where DVC keeps
                the table and a fresh clone has only its .dvc file, the version that this file names.

        Raises:
            InvalidSettings: model.toml cannot be used, or is of another model than the stack.
            InvalidData: the table is missing, empty, or lacks a column that model.toml names.
            CommandFailed: there is no such version, or more than one.
        """
        self._target = target
        self.settings_file = settings_file
        self.settings = read_settings(settings_file)
        self.data_file = settings_file.parent / self.settings.data.path
        self._versions = self._named = None
        if version is None and not self.data_file.exists():
            version = TableHistory(self.data_file).declared()
        if version is None:
            # What is wrong with the table is told without an account.
            self._present = present_table(self.data_file, self.settings)
        else:
            self._versions = DataVersions(self.data_file, DataStorage(target))
            self._named = self._versions.find(version)
        self.settings.require_name(target.outputs.get(names.OUTPUT_MODEL_NAME, self.settings.name))

    @property
    def data_name(self) -> str:
        """The table's name, with its version if one was given."""
        return f"{self.data_file.name} {self._named.version[:12]}" if self._named else self.data_file.name

    @property
    def data_version(self) -> str:
        """The version of the table that is trained on."""
        return self._named.version if self._named else self._present.version

    def notice(self) -> str:
        """A warning to show before the training; empty if there is none."""
        if not self._is_own_code:
            return (
                "The jobs run the deployed code, which differs from this checkout. To train with yours, run first: "
                f"cdk deploy {names.stack_name(self._target.environment)} (or a new make up)"
            )
        history = TableHistory(self.data_file)
        if self._named or history.declared() in (None, self._present.version):
            return ""
        path = self.settings.data.path
        return f"{path} is not a committed version; run: evergreen data add {path}"

    def upload(self, on_file: OnFile = lambda _: None) -> dict[str, str]:
        """Upload the data and model.toml, except what the data bucket has already; return the workflow's input.

        Raises:
            CommandFailed: model.toml asks for stored features, and there is no history of them to join.
        """
        if self.settings.features.service:
            from cli.feature_store.definitions import described
            from cli.feature_store.online import FeatureStore

            FeatureStore(self._target, described(self.settings)).require_histories()
        storage = DataStorage(self._target)
        if self._versions and self._named:
            data = self._versions.manifest(self._named, on_file)
        else:
            data = storage.upload(self._present, on_file)
        return {
            "data": data,
            "settings": storage.upload_settings(self.settings_file),
            "git_commit": _git_commit() if self._is_own_code else "unknown",
        }

    @cached_property
    def _is_own_code(self) -> bool:
        """Whether the jobs run this checkout's code, so that its commit is theirs; True if the stack does not say."""
        deployed = self._target.outputs.get(names.OUTPUT_SOURCE_DIGEST)
        return deployed is None or deployed == source_digest(CHECKOUT)

    def execute(self, run_input: dict[str, str], on_state: OnState, on_prepared: OnPrepared) -> dict[str, Any]:
        """Start the workflow and follow it; returns Judge's decision.

        Args:
            on_prepared: called with what Prepare found, see training.prepare.summarise.

        Raises:
            CommandFailed: the execution failed, was aborted or timed out.
        """

        def on_event(event: dict[str, Any]) -> None:
            if summary := self._summary(event):
                on_prepared(summary)

        workflow = self._target.outputs[names.OUTPUT_WORKFLOW]
        return execute(self._target, workflow, run_input, on_state, what="training", on_event=on_event)

    def _summary(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """What Prepare found, if this event is its end."""
        details = event.get("stateExitedEventDetails", {})
        if event["type"] != "TaskStateExited" or details["name"] != _PREPARE:
            return None
        try:
            job = json.loads(details["output"])
            uri = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
            bucket, _, prefix = uri.removeprefix("s3://").partition("/")
            found = self._target.client("s3").get_object(Bucket=bucket, Key=f"{prefix}/{names.SUMMARY}")
            return dict(json.loads(found["Body"].read()))
        # The state after it says what a failed job was about; and it is no reason to leave a training alone.
        except (KeyError, ValueError, ClientError):
            return None


def present_table(table: Path, settings: ModelSettings) -> DataVersion:
    """The version on the disk. Its header is checked before anything is uploaded; the Prepare job checks the rest."""
    # Imported here because they import pandas, which other commands do without.
    from training.reading.stored_features import StoredFeatures
    from training.reading.table import header, own_files

    name = settings.data.path
    if not table.exists():
        raise InvalidData(f"{name} does not exist; model.toml names it as [data] path")
    present = data_version.of_path(table)
    columns = header(own_files(present, name=name)[0].path, settings.data)
    stored = StoredFeatures.of_settings(settings, CHECKOUT / DEFINITIONS)
    every = (*columns, *(stored.names if stored else ()))
    missing = [column for column in settings.named_columns() if column not in every]
    if missing:
        raise InvalidData(
            f"{name} has no column {', '.join(map(repr, missing))}, which model.toml names; "
            f"it has: {', '.join(columns)}"
        )
    if stored:
        stored.check(columns, settings, file=name)
    settings.check_features([column for column in every if column not in settings.no_features], file=name)
    return present


def _git_commit() -> str:
    """The commit of the checkout, with '-dirty' if the work tree differs from it; 'unknown' without Git."""
    command = ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return answer.stdout.strip()
