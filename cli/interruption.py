"""Ctrl-C and SIGTERM end a command in the same way."""

from types import FrameType


class Interrupted(BaseException):
    """A signal ended the command, with exit code 130.

    What it had started is stopped while this is raised. A message says what has not been.
    """


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Handle SIGINT and SIGTERM."""
    raise Interrupted
