"""Ctrl-C and SIGTERM end a command in the same way."""

from types import FrameType


class Interrupted(BaseException):
    """A signal ended the command. What it had started is stopped while this is raised; the exit code is 130."""


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Handle SIGINT and SIGTERM."""
    raise Interrupted
