"""Saves the state of a running cloud, and puts a saved one into a cloud that starts. Runs in the server's process."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local import engine
from local.mlflow_server import DATABASE
from local.state.contents import Contents
from local.state.folder import StateError, StateFolder

# How long the end waits for a deployment, which takes some seconds here.
_DEPLOYMENT_SECONDS = 30.0
_STOPPED = {
    "error": "EmbeddedCloud.Stopped",
    "cause": "the embedded cloud was stopped, or crashed, during this execution",
}
_logger = logging.getLogger(__name__)


class Saver:
    """Keeps a cloud's state in a folder.

    Args:
        settle: brings to its destination what is on its way between two services, and would be lost.
        facts: what the cloud must have again to be the same.
    """

    def __init__(self, folder: Path, contents: Contents, *, facts: dict[str, Any], settle: Callable[[], None]) -> None:
        self._folder = StateFolder(folder)
        self._contents = contents
        self._facts = facts
        self._settle = settle
        self._saving = threading.Lock()
        self._ended = False
        self._interrupted: list[tuple[str, str, str]] = []

    def restore(self) -> None:
        """Have the state that is kept, if there is one.

        Raises:
            StateError: it cannot be read.
        """
        manifest = self._folder.manifest()
        if manifest is not None:
            state: dict[str, Any] = self._folder.load(manifest)
            self._interrupted = self._contents.restore(state)

    def abort_interrupted(self) -> None:
        """End the workflows that ran when the state was saved, by StopExecution: who waits for them hears of it."""
        for _account, region, arn in self._interrupted:
            engine.SET_REGION(region)
            engine.STOP_EXECUTION({"executionArn": arn, **_STOPPED})

    def save_periodically(self, seconds: float) -> None:
        """Save every so many seconds what has changed. A failure is logged; what was saved before stays."""
        threading.Thread(target=self._save_forever, args=(seconds,), name="state", daemon=True).start()

    def save_at_stop(self) -> str:
        """Save for the last time; returns why that was not possible, or nothing."""
        deadline = time.monotonic() + _DEPLOYMENT_SECONDS
        while self._is_deploying():
            if time.monotonic() > deadline:
                # A stack in the middle of an update would stay there for ever: nobody goes on with it.
                return "a deployment has not come to its end"
            time.sleep(0.1)
        return self._save(at_stop=True)

    def _save_forever(self, seconds: float) -> None:
        while True:
            time.sleep(seconds)
            self.save()

    def save(self) -> None:
        """Save what has changed, unless a deployment is going on or the cloud is being stopped."""
        if not self._is_deploying():
            self._save(at_stop=False)

    def _save(self, *, at_stop: bool) -> str:
        """Why it was not possible, or nothing."""
        started = time.monotonic()
        with self._saving:
            if self._ended:
                # What runs is being stopped: the next start has to find it as it was before.
                return ""
            try:
                self._settle()
                database = self._contents.database()
                files = {DATABASE: database} if database else {}
                written = self._folder.save(self._contents.collect(), facts=self._facts, files=files, at_stop=at_stop)
            except (OSError, StateError) as error:
                _logger.error("the state was not saved: %s", error)
                return str(error)
            except Exception as error:  # The cloud must run on, and end; what was saved before stays.
                _logger.exception("the state was not saved")
                return repr(error)
            self._ended = at_stop
        if written:
            _logger.info("state saved in %.2f s", time.monotonic() - started)
        return ""

    def _is_deploying(self) -> bool:
        """Whether CloudFormation is at work. A stack that is under review waits for somebody."""
        states = [stack.get("StackStatus", "") for stack in list(engine.STACKS.get()._data.values())]
        return any(state.endswith("_IN_PROGRESS") and state != "REVIEW_IN_PROGRESS" for state in states)
