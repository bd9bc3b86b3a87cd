"""Takes what was sent out of the captures again, so that it counts for no check, no quality and no training."""

import time

from cli.aws.captures import CaptureChanged, Forgotten, forget_predictions
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
        done, left = _remove(stack, ids)
    # Whatever is in the way, the ids are what a person needs.
    except expected() as error:
        found = f"{counted(len(ids), 'prediction')} may be left in the captures: {in_words(error)}"
        return failure(_CHECK, found, command(stack))
    if left:
        found = f"{len(left)} of {len(ids)} have not been delivered yet, and will be captured if they still are"
        return failure(_CHECK, found, f"in some minutes: {command(stack)}")
    if stack.lost:
        found = (
            f"{counted(stack.lost, 'request')} had no answer: if its row was recorded, it stays, under an unknown id"
        )
        return warning(_CHECK, found, "its features are those of the example in /openapi.json")
    removed = f"{counted(len(done.predictions), 'prediction')} and {counted(len(done.labels), 'label')}"
    return ok(_CHECK, f"{removed} of its own taken out of {counted(len(done.keys), 'object')} of the captures")


def _remove(stack: Deployed, ids: list[str]) -> tuple[Forgotten, set[str]]:
    """What was removed, and what must have been recorded and has not come."""
    poll = _EMBEDDED_POLL if stack.target.embedded else _POLL
    deadline = stack.last_sent + stack.wait
    # Of a share of the requests, nobody knows which.
    is_known = stack.log.sample in (0, 1)
    done = Forgotten()
    predictions, labels = _recorded(stack, ids)
    while True:
        found = _pass(stack, ids)
        done.keys += found.keys
        done.predictions |= found.predictions
        done.labels |= found.labels
        left = predictions - done.predictions | labels - done.labels
        # Only after a pass that finds nothing: Firehose may deliver a record twice.
        if not found.keys and (time.monotonic() > deadline or (is_known and not left)):
            return done, left
        stack.progress(f"{counted(len(left), 'record')} on the way to S3")
        if not found.keys:
            time.sleep(poll)


def _recorded(stack: Deployed, ids: list[str]) -> tuple[set[str], set[str]]:
    """Of which predictions, and of which labels, records must come."""
    return set(ids) if stack.log.sample >= 1 else set(), {stack.labelled} - {""}


def _pass(stack: Deployed, ids: list[str]) -> Forgotten:
    try:
        return forget_predictions(stack.target, ids, lambda _key: None)
    except CaptureChanged:
        # The next pass meets the object as it is now.
        return Forgotten()
