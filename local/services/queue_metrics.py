"""The metric of the number of waiting messages, which SQS writes for every queue."""

from local import engine

NAMESPACE = "AWS/SQS"
_METRIC = "ApproximateNumberOfMessagesVisible"


def record(queue_name: str) -> None:
    """Write the present number of messages; nothing if the queue does not exist."""
    for address, queue in engine.QUEUES.get().items():
        if address.rsplit("/", 1)[-1] == queue_name:
            engine.REFRESH_QUEUE_COUNTS(queue)
            waiting = float(queue["attributes"]["ApproximateNumberOfMessages"])
            engine.RECORD_METRIC(NAMESPACE, _METRIC, waiting, "Count", {"QueueName": queue_name})
