"""A job's output in CloudWatch Logs."""

import time

from local import engine

_GROUPS = {"training": "/aws/sagemaker/TrainingJobs", "processing": "/aws/sagemaker/ProcessingJobs"}
_FLUSH_SECONDS = 1.0


class JobLog:
    """The log stream of one job, `<job>/algo-1-<epoch>`. Lines are sent in batches, about once a second."""

    def __init__(self, kind: str, name: str) -> None:
        self._target = {"logGroupName": _GROUPS[kind], "logStreamName": f"{name}/algo-1-{int(time.time())}"}
        # An error answer means that the group exists already, and is ignored.
        engine.CREATE_LOG_GROUP({"logGroupName": self._target["logGroupName"]})
        engine.CREATE_LOG_STREAM(self._target)
        self._events: list[dict] = []
        self._flushed = time.monotonic()

    def write(self, line: str) -> None:
        self._events.append({"timestamp": int(time.time() * 1000), "message": line})
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.close()

    def close(self) -> None:
        """Send the lines that are left; further writes are allowed."""
        events, self._events = self._events, []
        self._flushed = time.monotonic()
        if events:
            engine.PUT_LOG_EVENTS({**self._target, "logEvents": events})
