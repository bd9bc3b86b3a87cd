"""Sends rows to the endpoint in batches. A row that it refuses is set aside, and the others are sent without it."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cli.aws.endpoint import RequestRefused
from functions.predict.body import MAX_BODY_BYTES

# Wrong fields of a row that its reason names.
_NAMED = 3

Json = dict[str, Any]
# A position in the file, and what is sent of it.
Item = tuple[int, Json]


def send(
    items: Iterable[Item], call: Callable[[Json], Json], *, group: str, most: int, refused: dict[int, str]
) -> Iterator[tuple[list[int], Json]]:
    """For each request that was accepted: the positions in it, and the answer.

    Args:
        call: sends a body.
        group: the name in the body of what is sent: "instances" or "labels".
        most: how many a request may have.
        refused: gets the reason of each item that is not accepted, by its position.

    Raises:
        RequestRefused: a refusal that is about none of the items.
    """
    for items_of_batch in _batches(items, group, most, refused):
        batch = items_of_batch
        while batch:
            try:
                answer = call({group: [value for _, value in batch]})
            except RequestRefused as refusal:
                wrong = _wrong(refusal, group, len(batch))
                refused.update({batch[place][0]: reason for place, reason in wrong.items()})
                batch = [item for place, item in enumerate(batch) if place not in wrong]
                continue
            yield [position for position, _ in batch], answer
            break


def reason(errors: Sequence[Mapping[str, str]], place: str) -> str:
    """The wrong fields of one row, as the endpoint names them, without the row's own place in the request."""
    named = [
        f"{error['field'].removeprefix(place).removeprefix('.') or 'the row'}: expected {error['expected']}, "
        f"got {error['got']}"
        for error in errors[:_NAMED]
    ]
    more = len(errors) - len(named)
    return "; ".join([*named, *([f"and {more} more"] if more else [])])


def _batches(items: Iterable[Item], group: str, most: int, refused: dict[int, str]) -> Iterator[list[Item]]:
    room = MAX_BODY_BYTES - len(json.dumps({group: []}))
    batch: list[Item] = []
    left = room
    for position, value in items:
        # With the comma and the blank that follow it.
        size = len(json.dumps(value)) + 2
        if size > room:
            refused[position] = f"the row: has {size} bytes as JSON, a request may have {MAX_BODY_BYTES}"
            continue
        if batch and (size > left or len(batch) == most):
            yield batch
            batch, left = [], room
        batch.append((position, value))
        left -= size
    if batch:
        yield batch


def _wrong(refusal: RequestRefused, group: str, count: int) -> dict[int, str]:
    """The reasons of a refusal by the place in the request.

    Raises:
        RequestRefused: it is about no place.
    """
    errors: dict[int, list[Mapping[str, str]]] = {}
    for error in refusal.body.get("errors", []) if refusal.status == 422 else []:
        found = re.match(rf"{group}\[([0-9]+)\]", error["field"])
        if found and int(found[1]) < count:
            errors.setdefault(int(found[1]), []).append(error)
    if not errors:
        raise refusal
    return {place: reason(each, f"{group}[{place}]") for place, each in errors.items()}
