"""Ctrl-C and SIGTERM end a command in the same way."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """A signal ended the command, with exit code 130.

    What it had started is stopped while this is raised. A message says what has not been.
    """


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Handle SIGINT and SIGTERM."""
    raise Interrupted


@contextmanager
def interrupted_afterwards() -> Iterator[None]:
    """A signal that comes meanwhile interrupts at the end: what has been started is known by then."""
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            raise Interrupted
