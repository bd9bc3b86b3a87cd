"""The metric of the number of waiting messages, which SQS writes for every queue."""

import time

from local import engine

NAMESPACE = "AWS/SQS"
_METRIC = "ApproximateNumberOfMessagesVisible"
# SQS writes once a minute. Here every look of an alarm would write, 17,000 a day of a cloud that is kept for weeks.
_UNCHANGED_SECONDS = 30


def record(queue_name: str) -> None:
    """Write the present number of messages, if it is new; nothing if the queue does not exist."""
    for address, queue in engine.QUEUES.get().items():
        if address.rsplit("/", 1)[-1] == queue_name:
            engine.REFRESH_QUEUE_COUNTS(queue)
            waiting = float(queue["attributes"]["ApproximateNumberOfMessages"])
            dimensions = {"QueueName": queue_name}
            points = engine.METRICS.get().get((NAMESPACE, _METRIC, engine.DIMENSIONS_KEY(dimensions)))
            if (
                points
                and points[-1].get("Value") == waiting
                and points[-1]["Timestamp"] > time.time() - _UNCHANGED_SECONDS
            ):
                continue
            engine.RECORD_METRIC(NAMESPACE, _METRIC, waiting, "Count", dimensions)
