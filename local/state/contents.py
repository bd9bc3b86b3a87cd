"""What a state consists of: what ministack's services give away and take back, what they forget, and our adapters' own.

ministack would write a file for each service: a crash could then leave some of them older than others, and it goes on
without those that cannot be written. So only its services' own two functions are used, and local/state/folder.py keeps
all at one moment. Of S3 they leave out the objects, of schedules when they last ran, and of STS the sessions.
"""

import copy
import sqlite3
import time
from pathlib import Path
from typing import Any

from local import engine
from local.mlflow_server import DATABASE
from local.services.sagemaker import SageMaker

# A store that changes while it is copied is copied again.
_ATTEMPTS = 20


class Contents:
    """Everything that is kept of a cloud."""

    def __init__(self, home: Path, sagemaker: SageMaker) -> None:
        self._home = home
        self._sagemaker = sagemaker
        # A function's package stays among the state's contents, instead of a file that ministack writes and removes.
        engine.EXTERNALIZE_CODE.replace(lambda func, referenced: None)  # noqa: ARG005

    def collect(self) -> dict[str, Any]:
        """The state at this moment.

        Raises:
            RuntimeError: it changed too fast to be copied.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._copy()
            except RuntimeError:  # "dictionary changed size during iteration"
                if attempt + 1 == _ATTEMPTS:
                    raise
                time.sleep(0.05)
        raise AssertionError

    def restore(self, state: dict[str, Any]) -> list[tuple[str, str, str]]:
        """Put a state into a cloud that has just started and does not serve yet.

        Returns:
            Account, region and ARN of the workflows that ran when the state was saved, and do not any more. Nobody has
            been told yet.
        """
        running = self._running_executions(state)
        for key, module in engine.STATE_MODULES.get().items():
            if key in state["services"]:
                engine.SERVICE_MODULE(module).load_persisted_state(state["services"][key])
        for name, store in engine.KEPT_STORES.items():
            store.get().update(state["stores"][name])
        engine.SESSIONS.get().update(state["sessions"])
        self._sagemaker.restore(state["sagemaker"])
        # ministack takes them for failed, without an event: nobody would give back what they hold.
        for account, region, arn in running:
            execution = engine.EXECUTIONS.get().get_scoped(account, region, arn)
            execution.update(status="RUNNING", stopDate=None, error=None, cause=None)
        return running

    def database(self) -> bytes:
        """MLflow's database at this moment; nothing before there is one."""
        file = self._home / "mlflow" / DATABASE
        if not file.exists():
            return b""
        target = sqlite3.connect(":memory:")
        try:
            present = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
            try:
                present.backup(target)
            finally:
                present.close()
            return target.serialize()
        finally:
            target.close()

    def _copy(self) -> dict[str, Any]:
        services = {key: get_state() for key, get_state in engine.STATES_TO_SAVE().items()}
        now = time.time()
        # The others are those of functions and jobs, whose processes end with the cloud.
        sessions = {
            key: dict(session)
            for key, session in list(engine.SESSIONS.get().items())
            if session.get("Expiration", 0) > now
        }
        return {
            "services": {key: state for key, state in services.items() if state},
            "stores": {name: copy.deepcopy(store.get()) for name, store in engine.KEPT_STORES.items()},
            "sessions": sessions,
            "sagemaker": self._sagemaker.record(),
        }

    @staticmethod
    def _running_executions(state: dict[str, Any]) -> list[tuple[str, str, str]]:
        executions = state["services"].get("stepfunctions", {}).get("executions")
        stored = executions._data.items() if executions is not None else ()
        return [key for key, execution in stored if execution["status"] == "RUNNING"]
