"""Takes what was sent out of the captures again, so that it counts for no check, no quality and no training."""

import time

from cli.aws.captures import forget_predictions
from cli.failures import expected, in_words
from cli.findings import Finding
from cli.smoke.deployed import Deployed, failure, ok, warning
from evergreen.number_text import counted

_CHECK = "removal"
_POLL, _EMBEDDED_POLL = 5.0, 0.2


def command(stack: Deployed) -> str:
    """What takes all of it out, at any later time."""
    return f"evergreen forget {stack.options} {' '.join(row.prediction_id for row in stack.rows)}"


def remove(stack: Deployed) -> Finding | None:
    """Wait until all that is recorded has come, and take it out. None if nothing was sent."""
    ids = [row.prediction_id for row in stack.rows]
    if not ids and not stack.lost:
        return None
    try:
        predictions, labels, unread = _remove(stack, ids)
    # Whatever is in the way, the ids are what a person needs.
    except expected() as error:
        found = f"{counted(len(ids), 'prediction')} may be left in the captures: {in_words(error)}"
        return failure(_CHECK, found, command(stack))
    expected_predictions, expected_labels = _recorded(stack, ids)
    if left := expected_predictions - predictions | expected_labels - labels:
        unreadable = f"; {'; '.join(unread)}" if unread else ""
        found = f"{len(left)} of {len(ids)} have not come yet, and are captured if they still do{unreadable}"
        return failure(_CHECK, found, f"in some minutes: {command(stack)}")
    if stack.lost:
        found = (
            f"{counted(stack.lost, 'request')} had no answer: if its row was recorded, it stays, under an unknown id"
        )
        return warning(_CHECK, found, "its features are those of the example in /openapi.json")
    removed = f"{counted(len(predictions), 'prediction')} and {counted(len(labels), 'label')}"
    return ok(_CHECK, f"{removed}, all that it sent and that was recorded, are out of the captures again")


def _remove(stack: Deployed, ids: list[str]) -> tuple[set[str], set[str], list[str]]:
    """Whose records, and whose labels, were removed; and what is said of objects that cannot be read."""
    poll = _EMBEDDED_POLL if stack.target.embedded else _POLL
    deadline = stack.last_sent + stack.wait
    expected_predictions, expected_labels = _recorded(stack, ids)
    # Of a share of the requests, nobody knows which.
    is_known = stack.log.sample in (0, 1)
    predictions, labels = set[str](), set[str]()
    while True:
        done = forget_predictions(stack.target, ids, lambda _key: None)
        predictions |= done.predictions
        labels |= done.labels
        if done.keys:
            # Once more: Firehose may deliver a record twice.
            continue
        all_came = is_known and predictions >= expected_predictions and labels >= expected_labels
        if time.monotonic() > deadline or (all_came and not done.changed):
            return predictions, labels, [*done.changed, *done.unreadable]
        stack.progress(f"{len(predictions)} of {len(ids)} taken out of the captures, the others are on the way")
        time.sleep(poll)


def _recorded(stack: Deployed, ids: list[str]) -> tuple[set[str], set[str]]:
    """Of which predictions, and of which labels, records must come."""
    return set(ids) if stack.log.sample >= 1 else set(), {stack.labelled} - {""}
