"""Functions of CloudWatch Logs that ministack lacks.

Lines in the embedded metric format become metrics. Subscriptions deliver to Firehose, in the gzip envelopes of AWS.
"""

import base64
import contextvars
import gzip
import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local import engine
from local.services import embedded_metrics

_logger = logging.getLogger(__name__)
# Time between two attempts of a delivery, in seconds. It doubles each time, until a day has passed.
_FIRST_RETRY_SECONDS = 1.0
_LAST_RETRY_SECONDS = 12 * 3600.0
# What CloudWatch Logs sends through a new subscription; whoever reads the destination must bear it. It comes with the
# first lines here. https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/38433
_CONTROL_EVENT = {"message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."}
_GREETED = "EvergreenGreeted"
_COMPARISON = re.compile(r'\$\.([\w.]+)\s*=\s*("[^"]*"|[^\s"&|]+)')


# Of a message, in bytes: an event of more than 1 MB is cut, its 26 bytes of overhead included.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
_EVENT_BYTES = 1024 * 1024 - 26


def install() -> Callable[[], None]:
    """Returns what waits until all lines that have been written were delivered once, or could not be."""
    fan_out, matches = engine.FAN_OUT_LOGS.get(), engine.PATTERN_MATCHES.get()
    # One thread, so that lines reach Firehose in their order and the caller does not wait.
    deliveries = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-subscriptions")

    def fan_out_all(group_name: str, stream_name: str, events: list[dict]) -> None:
        events = [_cut(event) for event in events]
        fan_out(group_name, stream_name, events)
        for event in events:
            embedded_metrics.publish(event.get("message", ""))
        group = engine.LOG_GROUPS.get().get(group_name) or {}
        for subscription in list((group.get("subscriptionFilters") or {}).values()):
            if ":firehose:" in subscription.get("destinationArn", ""):
                context = contextvars.copy_context()
                batches = [events] if subscription.get(_GREETED) else [[_CONTROL_EVENT], events]
                subscription[_GREETED] = True
                for batch in batches:
                    deliveries.submit(context.run, _deliver, subscription, group_name, stream_name, batch, deliveries)

    def pattern_matches(pattern: str, message: str) -> bool:
        if pattern and pattern.strip().startswith("{"):
            return matches_json_pattern(pattern, message)
        return matches(pattern, message)

    engine.FAN_OUT_LOGS.replace(fan_out_all)
    engine.PATTERN_MATCHES.replace(pattern_matches)
    return lambda: deliveries.submit(lambda: None).result()


def _cut(event: dict) -> dict:
    return {**event, "message": event["message"].encode()[:_EVENT_BYTES].decode(errors="ignore")}


def matches_json_pattern(pattern: str, message: str) -> bool:
    """Whether a message matches a filter pattern of equalities joined by `&&`, as in `{ $.event = "prediction" }`.

    Raises:
        ValueError: the pattern uses another part of the pattern language.
    """
    conditions = [part.strip() for part in pattern.strip().removeprefix("{").removesuffix("}").split("&&")]
    parsed = [_COMPARISON.fullmatch(condition.strip("() ")) for condition in conditions]
    if not all(parsed):
        raise ValueError(f"The embedded cloud reads filter patterns of equalities joined by && only, not {pattern}")
    try:
        document = json.loads(message)
    except ValueError:
        return False
    return all(_field(document, match[1]) == match[2].strip('"') for match in parsed if match)


def _field(document: Any, path: str) -> str | None:
    for name in path.split("."):
        if not isinstance(document, dict) or name not in document:
            return None
        document = document[name]
    return document if isinstance(document, str) else json.dumps(document)


def _deliver(
    subscription: dict,
    group: str,
    stream: str,
    events: list[dict],
    deliveries: ThreadPoolExecutor,
    wait: float = _FIRST_RETRY_SECONDS,
) -> None:
    """Deliver events to Firehose. A failed delivery is counted and retried for a day."""
    try:
        is_control = events == [_CONTROL_EVENT]
        pattern = subscription.get("filterPattern", "")
        wanted = [event for event in events if is_control or engine.PATTERN_MATCHES(pattern, event["message"])]
        if not wanted:
            return
        kind = "CONTROL_MESSAGE" if is_control else "DATA_MESSAGE"
        envelope = _envelope(kind, subscription["filterName"], group, stream, wanted)
        data = base64.b64encode(gzip.compress(json.dumps(envelope).encode())).decode()
        name = subscription["destinationArn"].rsplit("/", 1)[-1]
        status, _, body = engine.FIREHOSE_PUT_RECORD({"DeliveryStreamName": name, "Record": {"Data": data}})
        if status >= 300:
            raise RuntimeError(f"Firehose answered {status}: {body!r}")
        engine.RECORD_METRIC("AWS/Firehose", "IncomingRecords", 1, "Count", {"DeliveryStreamName": name})
    except Exception:  # As on AWS, a subscription that fails does not affect the writer of the log.
        _logger.exception("subscription of %s was not delivered", group)
        dimensions = {
            "LogGroupName": group,
            "DestinationType": "Firehose",
            "FilterName": subscription["filterName"],
        }
        engine.RECORD_METRIC("AWS/Logs", "DeliveryErrors", 1, "Count", dimensions)
        if wait < _LAST_RETRY_SECONDS:
            again = (
                contextvars.copy_context().run,
                _deliver,
                subscription,
                group,
                stream,
                events,
                deliveries,
                2 * wait,
            )
            timer = threading.Timer(wait, deliveries.submit, again)
            timer.daemon = True
            timer.start()


def _envelope(kind: str, subscription: str, group: str, stream: str, events: list[dict]) -> dict[str, Any]:
    now = int(time.time() * 1000)
    return {
        "messageType": kind,
        "owner": engine.ACCOUNT_ID(),
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [subscription],
        "logEvents": [
            {"id": uuid.uuid4().hex, "timestamp": event.get("timestamp", now), "message": event["message"]}
            for event in events
        ],
    }
