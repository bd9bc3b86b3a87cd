"""Ctrl-C, and a supervisor's request to end."""

from types import FrameType


class Interrupted(BaseException):
    """Whatever is under way is stopped on the way out. Maps to exit code 130."""


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """The handler of both signals."""
    raise Interrupted
