"""What AWS does and the embedded cloud does not: its gateway's words and limits, its log, its alarms' actions."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from botocore.exceptions import HTTPClientError, SSLError

from cli.failures import expected
from cli.findings import Finding
from cli.smoke.alarms import alarms_of
from cli.smoke.deployed import Deployed, could_not_look, ok, skipped, warning
from cli.smoke.differences import DIFFERENCES, ENCRYPTION, GATEWAY, PROPAGATION, ROLES, SIGNATURES, Difference
from evergreen import names

# More than the gateway takes: 10 MB.
_TOO_MUCH = 10 * 2**20 + 1
_EXECUTED = "Successfully executed"
# Seconds in which the gateway delivers its log, and seconds between two looks.
_ACCESS_LOG, _POLL = 60, 5.0


def look_at_what_only_aws_does(stack: Deployed) -> Iterator[Finding]:
    """Each point in which the embedded cloud is kinder: what was seen of it, and what was not."""
    if stack.target.embedded:
        yield skipped(
            "AWS",
            f"{len(DIFFERENCES)} points in which the embedded cloud is kinder need an account to be seen: "
            f"{', '.join(difference.name for difference in DIFFERENCES)}",
        )
        return
    stack.seen[PROPAGATION].append("the deployment went through")
    tries = [_try_the_gateway] if stack.answers else []
    for name, look in (
        *((GATEWAY, each) for each in tries),
        (ENCRYPTION, _look_at_the_stage),
        (ROLES, _look_at_the_access_log),
        (ROLES, _look_at_alarm_actions),
    ):
        try:
            look(stack)
        except expected() as error:
            yield could_not_look(stack, f"AWS: {name}", error)
    yield from (_in_words(stack, difference) for difference in DIFFERENCES)


def _in_words(stack: Deployed, difference: Difference) -> Finding:
    check = f"AWS: {difference.name}"
    contrary = stack.contrary[difference.name]
    unseen = [*stack.unseen[difference.name], *([difference.unseen] if difference.unseen else [])]
    parts = {"not as documented": contrary, "seen": stack.seen[difference.name], "not seen": unseen}
    found = ". ".join(f"{title}: {'; '.join(part)}" for title, part in parts.items() if part)
    if contrary:
        return warning(check, found, "report it: docs/first-deployment.md has a form for that")
    if not stack.seen[difference.name]:
        return skipped(check, found or "not seen: what it follows from has not happened")
    return ok(check, found)


def _try_the_gateway(stack: Deployed) -> None:
    forged = stack.endpoint.ask("GET", "/health", wrong_key=True)
    known = forged.status == 403
    (stack.seen if known else stack.contrary)[SIGNATURES].append(
        f"a signature by a wrong key is answered {forged.status}: {forged.words}"
    )
    if known:
        stack.seen[GATEWAY].append(f"of a wrong key it says: {forged.words}")
    try:
        huge = stack.endpoint.ask("POST", "/predict", b" " * _TOO_MUCH)
    except (HTTPClientError, SSLError) as error:
        # Who refuses a body need not wait for the end of it.
        stack.seen[GATEWAY].append(f"a body of {_TOO_MUCH:,} bytes ends the connection: {error}")
        return
    refused = huge.status == 413 and set(huge.body) == {"message"}
    (stack.seen if refused else stack.contrary)[GATEWAY].append(
        f"a body of {_TOO_MUCH:,} bytes is answered {huge.status}: {huge.words}"
    )


def _look_at_the_stage(stack: Deployed) -> None:
    # The API's id is the first part of its host.
    api = (urlsplit(stack.target.outputs[names.OUTPUT_PREDICT_URL]).hostname or "").partition(".")[0]
    stage = stack.target.client("apigatewayv2").get_stage(ApiId=api, StageName="$default")
    limits = stage.get("DefaultRouteSettings", {})
    rate, burst = limits.get("ThrottlingRateLimit"), limits.get("ThrottlingBurstLimit")
    (stack.seen if rate and burst else stack.contrary)[ENCRYPTION].append(
        f"the gateway lets {rate:g} requests a second through, {burst} at once"
        if rate and burst
        else "the gateway has no limits of its own"
    )


def _look_at_the_access_log(stack: Deployed) -> None:
    logs, group = stack.target.client("logs"), names.access_log(stack.stack)
    since = int((time.time() - 3600) * 1000)
    deadline = time.monotonic() + _ACCESS_LOG
    while not logs.filter_log_events(logGroupName=group, startTime=since, limit=1)["events"]:
        if time.monotonic() > deadline:
            stack.contrary[ROLES].append(f"the gateway has written nothing to {group} within an hour")
            return
        stack.progress("the gateway's access log")
        time.sleep(_POLL)
    stack.seen[ROLES].append("the gateway's log is delivered")
    stack.seen[ENCRYPTION].append(f"requests are in {group}")


def _look_at_alarm_actions(stack: Deployed) -> None:
    cloudwatch = stack.target.client("cloudwatch")
    executed: list[str] = []
    failed: list[str] = []
    for name in (alarm["AlarmName"] for alarm in alarms_of(stack)):
        history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
        if history:
            newest = history[0]["HistorySummary"]
            (executed if newest.startswith(_EXECUTED) else failed).append(f"{name}: {newest}")
    if executed:
        stack.seen[ROLES].append(f"CloudWatch ran the action of {len(executed)} alarms, as of {executed[0]}")
    if failed:
        stack.contrary[ROLES].append(failed[0])
    if not executed and not failed:
        stack.unseen[ROLES].append("whether CloudWatch may run the alarms' actions: none has fired yet")
